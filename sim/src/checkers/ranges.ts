/** A run of whole numbers, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** A set of whole numbers kept as sorted, disjoint, non-adjacent ranges. */
export class RangeSet {
  #ranges: { first: number; last: number }[] = [];

  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  get count(): number {
    return this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  add(first: number, last: number = first): void {
    const end = this.#ranges.at(-1);
    if (end !== undefined && first >= end.first && first <= end.last + 1) {
      end.last = Math.max(end.last, last);
      return;
    }
    if (end === undefined || first > end.last) {
      this.#ranges.push({ first, last });
      return;
    }
    this.#insert(first, last);
  }

  has(number: number): boolean {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (range === undefined) return false;
      if (number < range.first) high = middle - 1;
      else if (number > range.last) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** Each number in it, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (const { first, last } of this.#ranges) for (let number = first; number <= last; number++) yield number;
  }

  /** `3-7, 9`, cut short after `rangesMax` ranges. */
  print(rangesMax = 8): string {
    const shown = this.#ranges.slice(0, rangesMax).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
    return this.#ranges.length > rangesMax ? `${shown.join(", ")}, …` : shown.join(", ");
  }

  #insert(first: number, last: number): void {
    const merged = { first, last };
    const before: { first: number; last: number }[] = [];
    const after: { first: number; last: number }[] = [];
    for (const range of this.#ranges) {
      if (range.last + 1 < merged.first) before.push(range);
      else if (range.first > merged.last + 1) after.push(range);
      else {
        merged.first = Math.min(merged.first, range.first);
        merged.last = Math.max(merged.last, range.last);
      }
    }
    this.#ranges = [...before, merged, ...after];
  }
}
