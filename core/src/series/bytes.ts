/** Parts of a block one after the other: LEB128 whole numbers, doubles, pieces with their length. What does not fit is `HOLON_SERIES_BAD`. */
import { HolonError } from "../errors.ts";

export class ByteWriter {
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
  }

  byte(value: number): void {
    this.bytes(Uint8Array.of(value));
  }

  /** A whole number from 0 to 2^53. */
  count(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.bytes(bytes);
  }

  /** With its length before it. */
  piece(bytes: Uint8Array): void {
    this.count(bytes.length);
    this.bytes(bytes);
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#position) throw bad(`a part of ${length} bytes goes beyond the end`);
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  byte(): number {
    return this.bytes(1)[0] ?? 0;
  }

  /** At most `max`, which is what the caller is ready for. */
  count(max: number): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (value > max || factor > 2 ** 49) throw bad(`a count is over ${max}`);
      if (byte < 128) return value;
    }
  }

  double(): number {
    const bytes = this.bytes(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  piece(): Uint8Array {
    return this.bytes(this.count(this.#bytes.length));
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.#position !== this.#bytes.length) throw bad(`${this.#bytes.length - this.#position} bytes are left over`);
  }
}

export const bad = (problem: string): HolonError => new HolonError("HOLON_SERIES_BAD", `block of columns: ${problem}`);
