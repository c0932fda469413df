/** Compares what should be there with what is: exactly, item by item, in order. */
export interface OrderReport {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/**
 * Each item found takes the earliest expected item of its key that is not taken. What finds none is a duplicate, what is not taken is
 * lost, and what is taken before one found earlier is out of order. An item of a key that nobody expected is a duplicate too, unless
 * `mayHoldMore`: whoever it is compared with has kept less.
 */
export function compareOrder(expected: Iterable<string>, found: Iterable<string>, { mayHoldMore = false } = {}): OrderReport {
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
      // Of a key that nobody expected the first is news, and only another one a duplicate.
      const isNews = mayHoldMore && !positions.has(key) && index === 0;
      if (isNews) taken.set(key, 1);
      else duplicated += 1;
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
