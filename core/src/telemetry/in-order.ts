/** Looking things up in what is in order. */

export const compare = (one: number, other: number): number => (one < other ? -1 : one > other ? 1 : 0);

/** What is told by another clock than that of now is never the same to the millisecond. */
export const isAbout = (one: number | undefined, other: number | undefined): boolean => one === other || (one !== undefined && other !== undefined && Math.abs(one - other) < 100);

/** Where what comes behind a name begins. */
export function placeBehind(names: readonly string[], after: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of what is sorted are less than this, and how many are not more. */
export const countBelow = (sorted: Float64Array, bound: number): number => countOf(sorted, (value) => value < bound);
export const countUpTo = (sorted: Float64Array, bound: number): number => countOf(sorted, (value) => value <= bound);

function countOf(sorted: Float64Array, accepts: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (accepts(sorted[middle] ?? Infinity)) low = middle + 1;
    else high = middle;
  }
  return low;
}
