/**
 * State that sites share: at rest all nodes hold the same; a counter is the sum of the acknowledged additions; of a set no acknowledged
 * addition is gone unless somebody removed it who saw it, and nothing is there that was removed; a register holds a value that was written
 * and that nobody saw and wrote over.
 *
 * It knows of each change what its writer saw and whether it was acknowledged. A change that was neither acknowledged nor refused before
 * its node went down, or that was acknowledged on a disk that is gone, may be there or not; it is there whole or not at all.
 */

export interface SharedSighting {
  readonly node: string;
  /** By name of the key, the state as it is printed: equal states have equal texts. */
  readonly texts: ReadonlyMap<string, string>;
}

/** What a set's addition is known by, and what a removal saw: `slot` and number. */
export type Dots = ReadonlyMap<string, number>;

interface Written {
  readonly node: string;
  readonly atMs: number;
  isSure: boolean;
}

interface Addition extends Written {
  readonly kind: "count";
  readonly amount: number;
}

interface Inclusion extends Written {
  readonly kind: "include";
  readonly element: string;
  readonly seen: Dots;
  /** Known once it is acknowledged. */
  dots: Dots;
}

interface Exclusion extends Written {
  readonly kind: "exclude";
  readonly element: string;
  readonly seen: Dots;
}

interface Overwrite extends Written {
  readonly kind: "write";
  readonly value: string;
  /** What stood there before. */
  readonly seen: string | undefined;
}

export type SharedChange = Addition | Inclusion | Exclusion | Overwrite;

/** Beyond so many changes of which nobody knows, only the bounds of a sum are checked. */
const unsureMax = 16;

export class SharedLedger {
  readonly #byKey = new Map<string, SharedChange[]>();

  note(key: string, change: SharedChange): SharedChange {
    const changes = this.#byKey.get(key) ?? [];
    changes.push(change);
    this.#byKey.set(key, changes);
    return change;
  }

  /** The node's disk is gone, with what it took in from `sinceMs` on; what of that had left it is elsewhere. */
  lost(node: string, sinceMs: number): void {
    for (const changes of this.#byKey.values()) for (const change of changes) if (change.node === node && change.atMs >= sinceMs) change.isSure = false;
  }

  get acknowledged(): number {
    return [...this.#byKey.values()].flat().filter(({ isSure }) => isSure).length;
  }

  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  checkCounter(key: string, value: number): readonly string[] {
    const additions = this.#of(key, "count");
    const rest = value - sum(additions.filter(({ isSure }) => isSure));
    const unsure = additions.filter(({ isSure }) => !isSure).map(({ amount }) => amount);
    if (unsure.length > unsureMax ? rest >= sumOf(unsure, -1) && rest <= sumOf(unsure, 1) : isSumOfSome(rest, unsure)) return [];
    return [`the counter ${key} is ${value}, and ${value - rest} was acknowledged${unsure.length === 0 ? "" : `; of ${unsure.join(" ")} nobody knows`}`];
  }

  checkSet(key: string, elements: ReadonlySet<string>): readonly string[] {
    const inclusions = this.#of(key, "include");
    const exclusions = this.#of(key, "exclude");
    const isGone = ({ element, dots }: Inclusion, counts: (change: Written) => boolean): boolean =>
      [...exclusions, ...inclusions].some((later) => later.element === element && counts(later) && [...dots].some(([slot, number]) => (later.seen.get(slot) ?? 0) >= number));
    const violations: string[] = [];
    for (const element of new Set([...elements, ...inclusions.map((inclusion) => inclusion.element)])) {
      const additions = inclusions.filter((inclusion) => inclusion.element === element);
      const must = additions.some((addition) => addition.isSure && !isGone(addition, () => true));
      const may = additions.some((addition) => !addition.isSure || !isGone(addition, ({ isSure }) => isSure));
      if (must && !elements.has(element)) violations.push(`${element} was added to ${key}, nobody who saw that removed it, and it is not there`);
      if (!may && elements.has(element)) violations.push(`${element} is in ${key}, and all who added it were seen by somebody who removed it`);
    }
    return violations;
  }

  checkRegister(key: string, value: string | undefined): readonly string[] {
    const writes = this.#of(key, "write");
    if (value === undefined) return writes.some(({ isSure }) => isSure) ? [`the register ${key} is empty, and was written`] : [];
    if (!writes.some((write) => write.value === value)) return [`the register ${key} holds ${value}, which nobody wrote`];
    return writes.filter((write) => write.isSure && write.seen === value).map((write) => `the register ${key} holds ${value}, which ${write.node} saw when it wrote ${write.value}`);
  }

  #of<Kind extends SharedChange["kind"]>(key: string, kind: Kind): readonly Extract<SharedChange, { kind: Kind }>[] {
    return (this.#byKey.get(key) ?? []).filter((change): change is Extract<SharedChange, { kind: Kind }> => change.kind === kind);
  }
}

/** One sentence for each node that holds something else than the first. */
export function differences(sightings: readonly SharedSighting[]): readonly string[] {
  const [first, ...others] = sightings;
  if (first === undefined) return [];
  return others.flatMap(({ node, texts }) =>
    [...new Set([...first.texts.keys(), ...texts.keys()])].filter((key) => texts.get(key) !== first.texts.get(key)).map((key) => `${node} holds ${key} otherwise than ${first.node}`),
  );
}

const sum = (additions: readonly Addition[]): number => additions.reduce((total, { amount }) => total + amount, 0);
const sumOf = (amounts: readonly number[], sign: number): number => amounts.reduce((total, amount) => total + (Math.sign(amount) === sign ? amount : 0), 0);

function isSumOfSome(rest: number, amounts: readonly number[]): boolean {
  let sums = new Set([0]);
  for (const amount of amounts) sums = new Set([...sums].flatMap((one) => [one, one + amount]));
  return sums.has(rest);
}
