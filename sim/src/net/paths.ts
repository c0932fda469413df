/** Which ways are open: one-way cuts between two nodes, and nodes cut off from everybody. */
export class NetPaths {
  readonly #cut = new Set<string>();
  readonly #isolated = new Set<string>();

  /** Whether frames can go from one node to the other. */
  isOpen(from: string, to: string): boolean {
    if (this.#cut.size === 0 && this.#isolated.size === 0) return true;
    return !this.#cut.has(`${from}>${to}`) && !this.#isolated.has(from) && !this.#isolated.has(to);
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`);
  }

  isolate(node: string): void {
    this.#isolated.add(node);
  }

  rejoin(node: string): void {
    this.#isolated.delete(node);
  }

  healAll(): void {
    this.#cut.clear();
    this.#isolated.clear();
  }
}
