/** How far a column may come back from what it was: not at all, by an amount, or by a part of each value. */
import type { Mapping } from "./patched.ts";

export type ErrorBound = { readonly absolute: number } | { readonly relative: number };

/** Steps of nearly twice the bound. A little less than twice, so that rounding does not make a patch of each value in the middle. */
export const stepOf = (absolute: number): number => 2 * absolute * (1 - 2 ** -20);

export function steppedMapping(step: number, absolute: number): Mapping {
  return {
    toInteger: (value) => Math.round(value / step),
    toValue: (integer) => integer * step,
    // A difference over the bound never rounds to below it, so strictly below is truly within.
    accepts: (value, back) => Math.abs(back - value) < absolute,
  };
}

/** Bits of the significand that keep a rounded value within a part of it: half a unit of the last is at most 2^-(bits + 1). */
export function significandBits(relative: number): number {
  let bits = 0;
  while (bits < 52 && 2 ** -(bits + 1) > relative) bits += 1;
  return bits;
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Sign, exponent and the first bits of the significand as one whole number, which grows as the value does: steps of equal size to each power of
 * two. It needs no logarithm, whose last digit could differ from one machine to the next.
 */
export function roundedMapping(bits: number, relative: number): Mapping {
  const unit = 2 ** (52 - bits);
  return {
    toInteger(value) {
      scratch.setFloat64(0, Math.abs(value));
      const magnitude = Math.round((scratch.getUint32(0) * 2 ** 32 + scratch.getUint32(4)) / unit);
      return value < 0 ? -magnitude : magnitude;
    },
    toValue(integer) {
      const magnitude = Math.abs(integer) * unit;
      scratch.setUint32(0, Math.floor(magnitude / 2 ** 32));
      scratch.setUint32(4, magnitude % 2 ** 32);
      const value = scratch.getFloat64(0);
      return integer < 0 ? -value : value;
    },
    accepts: (value, back) => value === back || Math.abs(back - value) < relative * Math.abs(value),
  };
}
