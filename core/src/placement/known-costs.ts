/**
 * What was worked out of an item on a node, at hand again. Most of a search is this question, and the nodes that an item is asked of are few: each item has a row of places, and
 * a node its place in it; what comes to the same place later takes it, and the other is worked out again when it is asked for.
 */
export interface KnownCosts {
  /** Undefined where it is to be worked out. */
  get(item: number, key: number): number | undefined;
  set(item: number, key: number, cost: number): void;
}

const places = 64;

export function createKnownCosts(items: number): KnownCosts {
  const keys = new Int32Array(items * places).fill(-1);
  const costs = new Float64Array(items * places);
  const placeOf = (item: number, key: number): number => item * places + (key % places);
  return {
    get(item, key) {
      const place = placeOf(item, key);
      return keys[place] === key ? costs[place] : undefined;
    },
    set(item, key, cost) {
      const place = placeOf(item, key);
      keys[place] = key;
      costs[place] = cost;
    },
  };
}
