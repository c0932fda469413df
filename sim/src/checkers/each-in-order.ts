/** An elastic function: each of its events is done exactly once, and what comes of them stands in the order of the events, whoever did the work. It is seen from its outputs, each of which names its cause. */
export interface Done {
  /** Name of the record that caused it. */
  readonly cause: string;
  /** What it was made of, as the function says. */
  readonly number: number;
}

export interface Given {
  readonly name: string;
  readonly number: number;
}

/** `given`: what there was to be done on one node, in the order of its log; `done`: what came of it, in the same log's order. */
export function checkEachInOrder(node: string, given: readonly Given[], done: readonly Done[]): readonly string[] {
  const violations: string[] = [];
  const places = new Map(given.map(({ name }, index) => [name, index]));
  const seen = new Map<string, number>();
  let last = -1;
  for (const { cause, number } of done) {
    const place = places.get(cause);
    seen.set(cause, (seen.get(cause) ?? 0) + 1);
    if (place === undefined) violations.push(`${node}: something came of ${cause}, which was not given`);
    else if (given[place]?.number !== number) violations.push(`${node}: what came of ${cause} is of ${number}, and it held ${given[place]?.number}`);
    else if (place < last) violations.push(`${node}: what came of the ${place + 1}th stands behind what came of the ${last + 1}th`);
    else last = place;
  }
  for (const { name } of given) {
    const times = seen.get(name) ?? 0;
    if (times !== 1) violations.push(`${node}: ${name} was done ${times} times`);
  }
  return violations.length > shown ? [...violations.slice(0, shown), `and ${violations.length - shown} more`] : violations;
}

const shown = 5;
