/** Names in the order in which people count: `n-9` before `n-10`. A collator says the same at a hundred times the price, which ten thousand rows feel. */
export const compare = (one: string, other: string): number => {
  const [a, b] = [keyOf(one), keyOf(other)];
  return a < b ? -1 : a > b ? 1 : 0;
};

const keys = new Map<string, string>();
const keysMax = 50_000;
const digits = 12;

function keyOf(name: string): string {
  let key = keys.get(name);
  if (key === undefined) {
    if (keys.size >= keysMax) keys.clear();
    keys.set(name, (key = name.replaceAll(/\d+/g, (number) => number.padStart(digits, "0"))));
  }
  return key;
}
