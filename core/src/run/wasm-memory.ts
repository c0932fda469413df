/**
 * Writes limits into a WebAssembly module: its memory may not grow beyond `pagesMax` pages of 64 KiB, nor a table beyond what modules
 * have functions, whatever it declared (WebAssembly Core Specification 2.0, 5.5 binary modules). A sandbox's own count sees neither.
 */
import { HolonError } from "../errors.ts";

const importSection = 2;
const tableSection = 4;
const memorySection = 5;
const tablesMax = 4;
/** Of each table: eight bytes in V8. */
const entriesMax = 100_000;
const header = 8;

/** `HOLON_UNIT_BAD` for what is no module, imports memory, wants more to begin with, or has a memory or tables of another kind. */
export function boundWasmMemory(name: string, module: Uint8Array, pagesMax: number): Uint8Array {
  const bad = (problem: string): HolonError => new HolonError("HOLON_UNIT_BAD", `function ${name}: its WebAssembly module ${problem}`);
  if (module.length < header || module[0] !== 0 || module[1] !== 0x61 || module[2] !== 0x73 || module[3] !== 0x6d) throw bad("is none");
  const reader = new Reader(module, () => bad("ends too early"));
  reader.at = header;
  const parts: Uint8Array[] = [];
  let kept = 0;
  const replace = (start: number, id: number, body: readonly number[], end: number): void => {
    parts.push(module.subarray(kept, start), Uint8Array.of(id, ...leb(body.length), ...body));
    kept = end;
  };
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.number() + reader.at;
    if (end > module.length) throw bad("ends too early");
    if (id === importSection) refuseImportedMemory(reader, bad);
    if (id === tableSection) replace(start, id, boundedTables(reader, bad), end);
    if (id === memorySection) {
      replace(start, id, boundedMemories(reader, pagesMax, bad), end);
      return concatenate([...parts, module.subarray(kept)]);
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

/** Of functions or of what the host gives (5.3.11); another kind has more behind its limits. */
function boundedTables(reader: Reader, bad: (problem: string) => HolonError): readonly number[] {
  const count = reader.number();
  if (count > tablesMax) throw bad(`has ${count} tables, the limit is ${tablesMax}`);
  const body = [...leb(count)];
  for (let left = count; left > 0; left--) {
    const kind = reader.byte();
    const flags = reader.byte();
    if ((kind !== 0x70 && kind !== 0x6f) || flags > 1) throw bad("has a table of a kind that is not supported");
    const first = reader.number();
    const declared = flags === 1 ? reader.number() : entriesMax;
    if (first > entriesMax) throw bad(`wants a table of ${first} entries to begin with, the limit is ${entriesMax}`);
    body.push(kind, 1, ...leb(first), ...leb(Math.min(declared, entriesMax)));
  }
  return body;
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
