/** Bits in order, the highest of each value first, up to 53 at a time. Reading past the end is `HOLON_SERIES_BAD`. */
import { HolonError } from "../errors.ts";

/** So many fit into a 32-bit accumulator beside a started byte. */
const stepBits = 24;
const stepSize = 2 ** stepBits;

export class BitWriter {
  #bytes = new Uint8Array(256);
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  /** `value` is a whole number from 0 and below 2 to the power of `width`. */
  write(value: number, width: number): void {
    if (width > stepBits) {
      const high = Math.floor(value / stepSize);
      this.write(high, width - stepBits);
      this.#step(value - high * stepSize, stepBits);
    } else this.#step(value, width);
  }

  #step(value: number, width: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow();
    this.#pending = (this.#pending << width) | value;
    this.#pendingBits += width;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      this.#bytes[this.#length++] = this.#pending >>> this.#pendingBits;
    }
    this.#pending &= (1 << this.#pendingBits) - 1;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** All that was written, zeros up to the next byte. */
  finish(): Uint8Array {
    if (this.#pendingBits > 0) this.#step(0, 8 - this.#pendingBits);
    return this.#bytes.subarray(0, this.#length);
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;
  #pending = 0;
  #pendingBits = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(width: number): number {
    if (width <= stepBits) return this.#step(width);
    const high = this.read(width - stepBits);
    return high * stepSize + this.#step(stepBits);
  }

  #step(width: number): number {
    while (this.#pendingBits < width) {
      if (this.#position >= this.#bytes.length) throw new HolonError("HOLON_SERIES_BAD", `a column of ${this.#bytes.length} bytes ends in the middle of a value`);
      this.#pending = (this.#pending << 8) | (this.#bytes[this.#position++] ?? 0);
      this.#pendingBits += 8;
    }
    this.#pendingBits -= width;
    const value = this.#pending >>> this.#pendingBits;
    this.#pending &= (1 << this.#pendingBits) - 1;
    return value;
  }
}
