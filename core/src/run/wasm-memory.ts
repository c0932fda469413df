/**
 * Writes a limit into a WebAssembly module: its memory may not grow beyond `pagesMax` pages of 64 KiB, whatever it declared
 * (WebAssembly Core Specification 2.0, 5.5 binary modules). A sandbox's own count does not see this memory.
 */
import { HolonError } from "../errors.ts";

const importSection = 2;
const memorySection = 5;
const header = 8;

/** `HOLON_UNIT_BAD` for what is no module, imports memory, wants more to begin with, or has a memory of another kind. */
export function boundWasmMemory(name: string, module: Uint8Array, pagesMax: number): Uint8Array {
  const bad = (problem: string): HolonError => new HolonError("HOLON_UNIT_BAD", `function ${name}: its WebAssembly module ${problem}`);
  if (module.length < header || module[0] !== 0 || module[1] !== 0x61 || module[2] !== 0x73 || module[3] !== 0x6d) throw bad("is none");
  const reader = new Reader(module, () => bad("ends too early"));
  reader.at = header;
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.number() + reader.at;
    if (end > module.length) throw bad("ends too early");
    if (id === importSection) refuseImportedMemory(reader, bad);
    if (id === memorySection) {
      const body = boundedMemories(reader, pagesMax, bad);
      return concatenate([module.subarray(0, start), Uint8Array.of(memorySection, ...leb(body.length), ...body), module.subarray(end)]);
    }
    reader.at = end;
  }
  throw bad("has no memory");
}

function boundedMemories(reader: Reader, pagesMax: number, bad: (problem: string) => HolonError): readonly number[] {
  if (reader.number() !== 1) throw bad("has more than one memory");
  const flags = reader.byte();
  if (flags > 1) throw bad("has a shared or 64-bit memory");
  const first = reader.number();
  const declared = flags === 1 ? reader.number() : pagesMax;
  if (first > pagesMax) throw bad(`wants ${first} pages of memory to begin with, the limit is ${pagesMax}`);
  return [1, 1, ...leb(first), ...leb(Math.min(declared, pagesMax))];
}

/** Imports other than functions are refused: what is imported would have to be given, and nothing but functions is. */
function refuseImportedMemory(reader: Reader, bad: (problem: string) => HolonError): void {
  for (let left = reader.number(); left > 0; left--) {
    reader.skipName();
    reader.skipName();
    if (reader.byte() !== 0) throw bad("imports something else than functions");
    reader.number();
  }
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #short: () => HolonError;

  constructor(bytes: Uint8Array, short: () => HolonError) {
    this.#bytes = bytes;
    this.#short = short;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw this.#short();
    return value;
  }

  skipName(): void {
    const length = this.number();
    this.at += length;
  }

  /** LEB128, unsigned, 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw this.#short();
  }
}

function leb(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 0x80);
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
