/**
 * A site never has two leads: at no moment of the world's own time does a second node hold a valid lease, and no term has two leads
 * ever. With all well again, every member knows one and the same lead within a bound.
 */

/** What one node says of itself at one moment. */
export interface LeadSighting {
  readonly node: string;
  /** The term in which it leads now; undefined while it does not. */
  readonly term: number | undefined;
}

/** Looked at after everything that happens, since leads come and go with events. */
export class LeadWatch {
  readonly #violations: string[] = [];
  readonly #violationsMax: number;
  readonly #leadsByTerm = new Map<number, string>();
  /** Pairs that overlap now, so that one overlap is told once. */
  #overlap = "";
  #terms = 0;

  constructor(violationsMax = 20) {
    this.#violationsMax = violationsMax;
  }

  /** Terms that had a lead. */
  get terms(): number {
    return this.#terms;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  see(nowMs: number, sightings: Iterable<LeadSighting>): void {
    const leads: string[] = [];
    for (const { node, term } of sightings) {
      if (term === undefined) continue;
      leads.push(`${node} in term ${term}`);
      const before = this.#leadsByTerm.get(term);
      if (before === undefined) {
        this.#terms += 1;
        this.#leadsByTerm.set(term, node);
      } else if (before !== node) this.#add(`at ${Math.round(nowMs)} ms ${node} leads in term ${term}, which ${before} led`);
    }
    const overlap = leads.length > 1 ? leads.join(" and ") : "";
    if (overlap !== "" && overlap !== this.#overlap) this.#add(`at ${Math.round(nowMs)} ms two leads: ${overlap}`);
    this.#overlap = overlap;
  }

  #add(violation: string): void {
    if (this.#violations.length < this.#violationsMax && !this.#violations.includes(violation)) this.#violations.push(violation);
  }
}

/** Whether every member knows the same lead. */
export function agree(known: readonly (string | undefined)[]): boolean {
  const [first] = known;
  return first !== undefined && known.every((lead) => lead === first);
}
