/** Doubles as pairs of 32-bit words: the only way to a NaN's payload and a zero's sign that no engine takes away. */

/** Whether the low word comes first in this machine's arrays. */
const lowFirst = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
const highAt = lowFirst ? 1 : 0;
const lowAt = lowFirst ? 0 : 1;

export interface Words {
  high(index: number): number;
  low(index: number): number;
  set(index: number, high: number, low: number): void;
}

/** A view on the array's own memory. */
export function wordsOf(values: Float64Array): Words {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  return {
    high: (index) => words[2 * index + highAt] ?? 0,
    low: (index) => words[2 * index + lowAt] ?? 0,
    set(index, high, low) {
      words[2 * index + highAt] = high;
      words[2 * index + lowAt] = low;
    },
  };
}
