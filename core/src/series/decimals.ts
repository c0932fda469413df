/**
 * How many digits after the point a column has: devices measure in decimals, and a decimal is a whole number over a power of ten, which a
 * correctly rounded division gives back exactly. (Compare Afroozeh, Kuffo, Boncz, "ALP: adaptive lossless floating-point compression", SIGMOD 2023.)
 */
import { integerMax } from "./integers.ts";
import type { Mapping } from "./patched.ts";

/** Powers of ten up to here are exact, and their quotients correctly rounded. */
export const digitsMax = 15;

export const decimalMapping = (digits: number): Mapping => {
  const power = 10 ** digits;
  return {
    toInteger: (value) => Math.round(value * power),
    toValue: (integer) => integer / power,
    accepts: (value, back) => Object.is(back, value) && value === value, // NaNs differ by their bits
  };
};

const sampleMax = 128;
const bitsOfDigit = 3.33;
const bitsOfPatch = 72;

/** The digits that make the column shortest, judged by a sample; `undefined` if its values are no decimals. */
export function digitsOf(values: Float64Array): number | undefined {
  const needed = Array.from({ length: digitsMax + 1 }, () => 0);
  const step = Math.max(1, Math.floor(values.length / sampleMax));
  let sampled = 0;
  for (let index = 0; index < values.length; index += step) {
    sampled += 1;
    const digits = digitsOfValue(values[index] ?? 0);
    if (digits !== undefined) needed[digits] = (needed[digits] ?? 0) + 1;
  }
  let best: number | undefined;
  let bestBits = Infinity;
  let covered = 0;
  needed.forEach((count, digits) => {
    covered += count;
    const bits = (sampled - covered) * bitsOfPatch + covered * digits * bitsOfDigit;
    if (2 * covered < sampled || bits >= bestBits) return;
    best = digits;
    bestBits = bits;
  });
  return best;
}

function digitsOfValue(value: number): number | undefined {
  for (let digits = 0; digits <= digitsMax; digits++) {
    const power = 10 ** digits;
    const integer = Math.round(value * power);
    if (Math.abs(integer) > integerMax) return undefined;
    if (Object.is(integer / power, value)) return digits;
  }
  return undefined;
}
