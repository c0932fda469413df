/**
 * A unit that moves: nothing that it is to be handed is handled twice or skipped, what it holds goes on without a step back, and it never runs in two places. It is seen from its outputs, each of
 * which names its cause and the count that the unit keeps in its state.
 */
export interface Handled {
  /** Name of the record that caused it. */
  readonly cause: string;
  /** What the unit had counted by then, this one included. */
  readonly count: number;
  /** Where it was. */
  readonly node: string;
}

/** `inputs`: names of the records that it was to be handed, in their order. */
export function checkOnceEach(inputs: readonly string[], handled: readonly Handled[]): readonly string[] {
  const violations: string[] = [];
  const byCause = new Map<string, Handled[]>();
  for (const one of handled) byCause.set(one.cause, [...(byCause.get(one.cause) ?? []), one]);
  for (const [index, input] of inputs.entries()) {
    const mine = byCause.get(input) ?? [];
    const [first, second] = mine;
    if (first === undefined) violations.push(`${input} was handled nowhere`);
    else if (second !== undefined) violations.push(`${input} was handled twice: on ${mine.map(({ node }) => node).join(" and on ")}`);
    else if (first.count !== index + 1) violations.push(`${input} is the ${index + 1}th, and the unit on ${first.node} counted ${first.count}: what it held was lost on the way`);
    byCause.delete(input);
  }
  for (const [cause, ones] of byCause) violations.push(`${cause}, which is no input, was handled on ${ones.map(({ node }) => node).join(" and on ")}`);
  return violations.length > shown ? [...violations.slice(0, shown), `and ${violations.length - shown} more`] : violations;
}

const shown = 5;

/** Looks at where a unit runs, again and again. */
export class OnePlaceWatch {
  readonly violations: string[] = [];
  #last = "";

  see(nowMs: number, places: readonly string[]): void {
    const text = places.join(" and ");
    if (places.length > 1 && text !== this.#last && this.violations.length < shown) this.violations.push(`at ${Math.round(nowMs)} ms the unit runs on ${text}`);
    this.#last = text;
  }
}
