/** Each opening of a log is an epoch of its own: an epoch that comes twice could give two records one name. */
export class EpochWatch {
  readonly #openings = new Map<string, string>();
  readonly #violations: string[] = [];

  get violations(): readonly string[] {
    return this.#violations;
  }

  opened(node: string, epoch: string, boot: number): void {
    const here = `${node}'s boot ${boot}`;
    const before = this.#openings.get(epoch);
    if (before === undefined) this.#openings.set(epoch, here);
    else this.#violations.push(`${here} opened its log in epoch ${epoch}, as ${before} did`);
  }
}
