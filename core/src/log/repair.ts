/**
 * Finds the one flipped bit that explains a CRC-32 mismatch. CRC is linear: the difference between the checksum found and the one
 * stored depends only on where the bit is, so one pass over the positions finds it (Peterson and Brown, "Cyclic Codes for Error
 * Detection", Proc. IRE 49, 1961). Two flipped bits are not found; whoever repairs checks the SHA-256 of the whole as well.
 */
const polynomial = 0xedb88320;

/** What a flipped bit does to the CRC when it is the `distance`-th bit from the end (1 is the last one processed). */
const step = (value: number): number => ((value >>> 1) ^ ((value & 1) === 0 ? 0 : polynomial)) >>> 0;

/**
 * Bit to flip in `length` bytes, counted from 0 as byte * 8 + bit (least significant first); `undefined` if no single bit explains
 * the difference.
 */
export function findFlippedBit(length: number, difference: number): number | undefined {
  let effect = 1;
  for (let bit = length * 8 - 1; bit >= 0; bit--) {
    effect = step(effect);
    if (effect === difference >>> 0) return bit;
  }
  return undefined;
}

/** Whether the difference is one bit of the stored checksum itself: then the data are intact. */
export const isChecksumFlip = (difference: number): boolean => difference !== 0 && (difference & (difference - 1)) === 0;

export function flipBit(bytes: Uint8Array, bit: number): void {
  const index = bit >>> 3;
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
}

/**
 * Mends `bytes` in place where one flipped bit, in them or in their checksum, explains the mismatch; `"intact"` if there was none,
 * `"mended"`, or `"damaged"` if it is more than one bit.
 */
export function mendByCrc(bytes: Uint8Array, stored: number, found: number): "intact" | "mended" | "damaged" {
  const difference = (stored ^ found) >>> 0;
  if (difference === 0) return "intact";
  if (isChecksumFlip(difference)) return "mended";
  const bit = findFlippedBit(bytes.length, difference);
  if (bit === undefined) return "damaged";
  flipBit(bytes, bit);
  return "mended";
}
