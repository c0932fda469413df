/** Compares what should be there with what is: exactly, item by item, in order. */
export interface OrderReport {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/**
 * Each item found takes the earliest expected item of its key that is not taken. What finds none is a duplicate (or was never
 * expected), what is not taken is lost, and what is taken before one found earlier is out of order.
 */
export function compareOrder(expected: Iterable<string>, found: Iterable<string>): OrderReport {
  const positions = new Map<string, number[]>();
  let expectedCount = 0;
  for (const key of expected) {
    const known = positions.get(key);
    if (known === undefined) positions.set(key, [expectedCount]);
    else known.push(expectedCount);
    expectedCount += 1;
  }
  const taken = new Map<string, number>();
  let matched = 0;
  let duplicated = 0;
  let reordered = 0;
  let last = -1;
  for (const key of found) {
    const index = taken.get(key) ?? 0;
    const position = positions.get(key)?.[index];
    if (position === undefined) {
      duplicated += 1;
      continue;
    }
    taken.set(key, index + 1);
    matched += 1;
    if (position < last) reordered += 1;
    else last = position;
  }
  return { lost: expectedCount - matched, duplicated, reordered };
}

export const addOrder = (a: OrderReport, b: OrderReport): OrderReport => ({
  lost: a.lost + b.lost,
  duplicated: a.duplicated + b.duplicated,
  reordered: a.reordered + b.reordered,
});
