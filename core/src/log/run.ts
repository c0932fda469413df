/**
 * A run: contiguous records of one lane, written in one group commit. The unit of the chain, of storage and of the link: a run is
 * encoded once, at its origin, and travels byte for byte to the root, so that every node on the way can verify it.
 *
 *     0   u32  magic                              76  u32  count of records
 *     4   u32  length of the whole run            80  u8   form, u8 stream, u8 classes (bit mask), u8 length of origin, u8 reason, 3B branch
 *     8   u32  CRC-32 of the header from 44 on    88  f64  sequence of the first record
 *     12  32B  hash = SHA-256 of 44 … end *       96  f64  recorded, first; 104 f64 recorded, last (ms since 1970)
 *     44  32B  hash of the run before             112 13B  epoch, then origin
 *     * with zeros for the branch: a run of a branch has the place in the chain that its origin gave it
 *     then [u32 length of what is shared]   lengths (u32 each), CRC-32s (u32 each)   [what is shared, `preamble.ts`]
 *     then the records' bytes, end to end. Little-endian. The upper half of `form` says what is shared, if anything.
 *
 * Lengths stand in the header, under its CRC, so that a damaged record does not hide the ones behind it. What became of damaged and
 * expired records is told in the run's own place: a `salvaged` run keeps header, hash and surviving records, the lost ones have the
 * length 2^32 - 1; a `gap` has a count and a reason and no tables. Both hold the place in the chain that the lost run had.
 */
// long file: one format, written, read and mended by the same offsets.
import type { Cipher } from "../ports.ts";
import { dataClasses, streamNames, type DataClass } from "../schema/event.ts";
import { isEpoch, isNodeName, type Epoch, type NodeName } from "../units.ts";
import { crc32OfRange } from "./crc32.ts";
import { fromHex, toHex } from "./hex.ts";
import type { Lane, Mark, PackedRecords } from "./log.ts";
import { expandRecords, flagsOf, readShared, sharedFlag, shareOf, writeShared, type ReadShared, type SharedPart } from "./preamble.ts";
import { flipBit, mendByCrc } from "./repair.ts";

/** What the log needs of Crypto and Codec. */
export interface Integrity {
  sha256(bytes: Uint8Array): Uint8Array;
  crc32(bytes: Uint8Array): number;
  /** Where the log is encrypted, or was. */
  readonly cipher?: Cipher | undefined;
}

export const runForms = ["whole", "salvaged", "gap"] as const;
export type RunForm = (typeof runForms)[number];
/** Why records are not there. */
export const gapReasons = ["none", "damaged", "expired", "branched"] as const;
export type GapReason = (typeof gapReasons)[number];

export interface RunHeader extends Lane {
  readonly form: RunForm;
  readonly reason: GapReason;
  readonly epoch: Epoch;
  readonly firstSequence: number;
  readonly count: number;
  /** Bit mask over `dataClasses`: which classes the run holds. */
  readonly classes: number;
  readonly recordedFirstMs: number;
  readonly recordedLastMs: number;
  readonly lengthBytes: number;
  readonly headerBytes: number;
  readonly previousHash: string;
  readonly hash: string;
}

export interface RunContent extends Lane {
  readonly epoch: Epoch;
  readonly firstSequence: number;
  readonly previousHash: Uint8Array;
  readonly classes: number;
  readonly recordedMs: number;
  /** Each record, or many of them end to end with their tables. */
  readonly records: readonly RunPart[];
  /** As `sharedOf` says of them. */
  readonly shared?: SharedPart | undefined;
}

export type RunPart = Uint8Array | Omit<PackedRecords, "stream" | "class">;
export const countOf = (part: RunPart): number => (part instanceof Uint8Array ? 1 : part.count);

export const runMagic = 0x314e5248; // "HRN1"
const fixedBytes = 125;
/** Where the part begins that the header's CRC and the hash cover. */
const coveredFrom = 44;
/** Three bytes: the branch, or zeros. */
const branchFrom = 85;
const branchEnd = 88;
const formMask = 0x0f;
const lostLength = 0xffffffff;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A fork or an empty lane starts from here. */
export const emptyHash: Uint8Array = new Uint8Array(32);

export const lastSequence = (run: Pick<RunHeader, "firstSequence" | "count">): number => run.firstSequence + run.count - 1;
export const runMark = (run: RunHeader): Mark => ({ epoch: run.epoch, sequence: lastSequence(run), hash: run.hash });
export const classBit = (name: DataClass): number => 1 << dataClasses.indexOf(name);
export const classesOf = (mask: number): readonly DataClass[] => dataClasses.filter((_, index) => (mask & (1 << index)) !== 0);

/** Size of a run with so many records of so many bytes of their own in all. */
export const runBytes = (origin: string, count: number, recordBytes: number, shared?: SharedPart): number =>
  fixedBytes + origin.length + 8 * count + recordBytes + (shared === undefined ? 0 : 4 + shared.sizeBytes);

/** What the records of these parts share; undefined where nothing. */
export const sharedOf = (records: readonly RunPart[]): SharedPart | undefined => shareOf(records.map(preambledOf));
const preambledOf = (part: RunPart) => (part instanceof Uint8Array ? undefined : part);

/** Writes the run at `offset` of `target` and returns its chain hash. `view` is over the same bytes as `target`. */
export function encodeRun(target: Uint8Array, view: DataView, offset: number, run: RunContent, integrity: Integrity): Uint8Array {
  let count = 0;
  for (const part of run.records) count += countOf(part);
  const { shared } = run;
  const tables = writeFixed(target, view, offset, { ...run, count, form: "whole", reason: "none" });
  const header = tables - offset + 8 * count + (shared?.sizeBytes ?? 0);
  if (shared !== undefined) writeShared(target, view, tables + 8 * count, shared, run.records.map(preambledOf), count);
  let position = offset + header;
  let index = 0;
  for (const part of run.records) {
    if (part instanceof Uint8Array) {
      target.set(part, position);
      view.setUint32(tables + 4 * index, part.length, true);
      view.setUint32(tables + 4 * (count + index), checksumOf(view, part, position, integrity), true);
      position += part.length;
      index += 1;
    } else {
      target.set(part.bytes, position);
      target.set(part.lengths, tables + 4 * index);
      target.set(part.checksums, tables + 4 * (count + index));
      position += part.bytes.length;
      index += part.count;
    }
  }
  sealHeader(target, view, offset, header, position - offset, integrity);
  const hash = integrity.sha256(target.subarray(offset + coveredFrom, position));
  target.set(hash, offset + 12);
  return hash;
}

/** Of what stands at `start` of `view`. */
const checksumOf = (view: DataView, record: Uint8Array, start: number, integrity: Integrity): number =>
  record.length < shortBytes ? crc32OfRange(view, start, start + record.length) : integrity.crc32(record);
/** Below this the call to the platform's checksum costs more than the sum itself. */
const shortBytes = 512;

interface FixedPart extends Omit<RunContent, "records"> {
  readonly count: number;
  readonly form: RunForm;
  readonly reason: GapReason;
}

/** Everything up to the tables, whose offset it returns. */
function writeFixed(target: Uint8Array, view: DataView, offset: number, run: FixedPart): number {
  const origin = encoder.encode(run.origin);
  target.fill(0, offset, offset + fixedBytes);
  view.setUint32(offset, runMagic, true);
  target.set(run.previousHash, offset + coveredFrom);
  view.setUint32(offset + 76, run.count, true);
  target[offset + 80] = runForms.indexOf(run.form) | (run.shared === undefined ? 0 : flagsOf(run.shared));
  target[offset + 81] = streamNames.indexOf(run.stream);
  target[offset + 82] = run.classes;
  target[offset + 83] = origin.length;
  target[offset + 84] = gapReasons.indexOf(run.reason);
  if (run.branch !== undefined) target.set(fromHex(run.branch), offset + branchFrom);
  view.setFloat64(offset + 88, run.firstSequence, true);
  view.setFloat64(offset + 96, run.recordedMs, true);
  view.setFloat64(offset + 104, run.recordedMs, true);
  encoder.encodeInto(run.epoch, target.subarray(offset + 112, offset + fixedBytes));
  target.set(origin, offset + fixedBytes);
  const end = offset + fixedBytes + origin.length;
  if (run.shared === undefined) return end;
  view.setUint32(end, run.shared.sizeBytes, true);
  return end + 4;
}

function sealHeader(target: Uint8Array, view: DataView, offset: number, headerBytes: number, lengthBytes: number, integrity: Integrity): void {
  view.setUint32(offset + 4, lengthBytes, true);
  view.setUint32(offset + 8, integrity.crc32(target.subarray(offset + coveredFrom, offset + headerBytes)), true);
}

/** Writes the header's checksum anew. */
export const sealRunHeader = (run: Uint8Array, headerBytes: number, integrity: Integrity): void =>
  sealHeader(run, new DataView(run.buffer, run.byteOffset, run.byteLength), 0, headerBytes, run.length, integrity);

/** The header of the run that begins at byte 0 of `bytes`; `undefined` if it is not whole or its checksum does not hold. */
export const parseRunHeader = (bytes: Uint8Array, integrity: Integrity): RunHeader | undefined => parseRunHead(bytes, bytes.length, integrity);

/** The same of a run of which only the first bytes are at hand, out of `wholeBytes`. */
export function parseRunHead(bytes: Uint8Array, wholeBytes: number, integrity: Integrity): RunHeader | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== runMagic) return undefined;
  const lengthBytes = view.getUint32(4, true);
  const headerBytes = runHeaderBytes(bytes, view);
  if (lengthBytes > wholeBytes || headerBytes > lengthBytes || headerBytes > bytes.length) return undefined;
  if (integrity.crc32(bytes.subarray(coveredFrom, headerBytes)) !== view.getUint32(8, true)) return undefined;
  return readFixed(bytes, view, headerBytes);
}

/** Header with tables, by what the fixed part says. */
export function runHeaderBytes(bytes: Uint8Array, view: DataView): number {
  if (formOf(bytes) === "gap") return fixedBytes + (bytes[83] ?? 0);
  const tables = tablesAt(bytes);
  const shared = isShared(bytes) && tables <= bytes.length ? view.getUint32(tables - 4, true) : 0;
  return tables + 8 * view.getUint32(76, true) + shared;
}

const formOf = (bytes: Uint8Array): RunForm | undefined => runForms[(bytes[80] ?? 0) & formMask];
const isShared = (bytes: Uint8Array): boolean => ((bytes[80] ?? 0) & sharedFlag.shared) !== 0;
/** Where the lengths stand. */
const tablesAt = (bytes: Uint8Array): number => fixedBytes + (bytes[83] ?? 0) + (isShared(bytes) ? 4 : 0);

/** `none` where the run has no such part; undefined where it has one that is not what it should be. */
function sharedPart(bytes: Uint8Array, view: DataView, headerBytes: number, count: number): ReadShared | "none" | undefined {
  const flags = (bytes[80] ?? 0) & ~formMask;
  if (flags === 0) return "none";
  const isKnown = (flags & sharedFlag.shared) !== 0 && flags < 2 * sharedFlag.places && formOf(bytes) !== "gap";
  return isKnown ? readShared(bytes, view, tablesAt(bytes) + 8 * count, headerBytes, flags, count) : undefined;
}

function readFixed(bytes: Uint8Array, view: DataView, headerBytes: number): RunHeader | undefined {
  const form = formOf(bytes);
  const stream = streamNames[bytes[81] ?? 255];
  const reason = gapReasons[bytes[84] ?? 255];
  const names = parseNames(bytes, bytes[83] ?? 0);
  const count = view.getUint32(76, true);
  const firstSequence = view.getFloat64(88, true);
  if (form === undefined || stream === undefined || reason === undefined || names === undefined || count === 0 || !Number.isSafeInteger(firstSequence) || firstSequence < 1) return undefined;
  if (sharedPart(bytes, view, headerBytes, count) === undefined) return undefined;
  const branch = toHex(bytes.subarray(branchFrom, branchEnd));
  return {
    ...names,
    ...(branch === "000000" ? {} : { branch }),
    form,
    reason,
    stream,
    firstSequence,
    count,
    classes: bytes[82] ?? 0,
    recordedFirstMs: view.getFloat64(96, true),
    recordedLastMs: view.getFloat64(104, true),
    lengthBytes: view.getUint32(4, true),
    headerBytes,
    previousHash: toHex(bytes.subarray(coveredFrom, coveredFrom + 32)),
    hash: toHex(bytes.subarray(12, 44)),
  };
}

function parseNames(bytes: Uint8Array, originLength: number): { origin: NodeName; epoch: Epoch } | undefined {
  try {
    const epoch = decoder.decode(bytes.subarray(112, fixedBytes));
    const origin = decoder.decode(bytes.subarray(fixedBytes, fixedBytes + originLength));
    return isEpoch(epoch) && isNodeName(origin) ? { origin, epoch } : undefined;
  } catch {
    return undefined; // no UTF-8: not a run that we wrote
  }
}

export interface RunRecords {
  /** Each record's bytes in order; `undefined` where it is lost or its checksum does not hold. Empty for a gap. */
  readonly records: readonly (Uint8Array | undefined)[];
  /** Records whose checksum does not hold here, though the run says they should be there. */
  readonly damaged: number;
}

/** The records of a run whose header has been parsed. Each is checked by its own CRC: damage is confined to its record. */
export function runRecords(bytes: Uint8Array, header: RunHeader, integrity: Integrity): RunRecords {
  const own = ownBytes(bytes, header, integrity);
  const shared = sharedPart(bytes, viewOf(bytes), header.headerBytes, header.count);
  return shared === "none" || shared === undefined ? own : { ...own, records: expandRecords(own.records, shared) };
}

export interface RunPreambles {
  readonly preambles: readonly Uint8Array[];
  /** Whether there are records besides that stand whole. */
  readonly hasWhole: boolean;
}

/** How the records of a run begin that share it, from its header alone; undefined where nothing is shared. */
export function runPreambles(bytes: Uint8Array, header: RunHeader): RunPreambles | undefined {
  const shared = sharedPart(bytes, viewOf(bytes), header.headerBytes, header.count);
  return shared === "none" || shared === undefined ? undefined : { preambles: shared.preambles.map((preamble) => preamble.bytes), hasWhole: shared.hasWhole };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Of each record what stands behind the tables. */
function ownBytes(bytes: Uint8Array, header: RunHeader, integrity: Integrity): RunRecords {
  const view = viewOf(bytes);
  const records: (Uint8Array | undefined)[] = [];
  let damaged = 0;
  for (const { start, end, crc } of recordPlaces(bytes, header)) {
    if (start === end && crc === lostLength) {
      records.push(undefined);
      continue;
    }
    const record = bytes.subarray(start, end);
    const intact = end <= header.lengthBytes && checksumOf(view, record, start, integrity) === crc;
    records.push(intact ? record : undefined);
    if (!intact) damaged += 1;
  }
  return { records, damaged };
}

interface RecordPlace {
  readonly start: number;
  readonly end: number;
  /** 2^32 - 1 with an empty place: lost. */
  readonly crc: number;
}

function recordPlaces(bytes: Uint8Array, header: RunHeader): readonly RecordPlace[] {
  if (header.form === "gap") return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = tablesAt(bytes);
  const places: RecordPlace[] = [];
  let position = header.headerBytes;
  for (let index = 0; index < header.count; index++) {
    const length = view.getUint32(tables + 4 * index, true);
    if (length === lostLength) {
      places.push({ start: position, end: position, crc: lostLength });
      continue;
    }
    places.push({ start: position, end: position + length, crc: view.getUint32(tables + 4 * (header.count + index), true) });
    position += length;
  }
  return places;
}

/** Whether a whole run is as its origin wrote it. Salvaged runs and gaps have only their place in the chain. */
export const runHashHolds = (bytes: Uint8Array, header: RunHeader, integrity: Integrity): boolean =>
  header.form !== "whole" || chainHash(bytes, header, integrity) === header.hash;

/**
 * Whether a run from elsewhere may be kept: its hash holds, and so does every checksum and length that its tables say. A hash alone is its writer's to make, and tables that are wrong under it
 * would look like damage of the disk when the log is opened again.
 */
export function runHolds(bytes: Uint8Array, header: RunHeader, integrity: Integrity): boolean {
  if (!runHashHolds(bytes, header, integrity)) return false;
  const view = viewOf(bytes);
  let position = header.headerBytes;
  for (const { start, end, crc } of recordPlaces(bytes, header)) {
    const isLost = start === end && crc === lostLength;
    if (isLost ? header.form === "whole" : end > header.lengthBytes || checksumOf(view, bytes.subarray(start, end), start, integrity) !== crc) return false;
    position = end;
  }
  return position === header.lengthBytes;
}

function chainHash(bytes: Uint8Array, header: RunHeader, integrity: Integrity): string {
  if (header.branch === undefined) return toHex(integrity.sha256(bytes.subarray(coveredFrom, header.lengthBytes)));
  const unbranched = bytes.slice(coveredFrom, header.lengthBytes);
  unbranched.fill(0, branchFrom - coveredFrom, branchEnd - coveredFrom);
  return toHex(integrity.sha256(unbranched));
}

export interface MendedRun {
  readonly header: RunHeader;
  /** As it should be stored; the same as given where nothing was to mend. */
  readonly bytes: Uint8Array;
  readonly mended: boolean;
  /** Records that are lost all the same. */
  readonly damaged: number;
}

/**
 * Checks a run, and mends what single flipped bits explain: its header, each record, hash and length. What was mended counts only if the
 * SHA-256 then holds, so it is what its origin wrote. `undefined` if its header is beyond that.
 */
export function checkRun(bytes: Uint8Array, integrity: Integrity): MendedRun | undefined {
  const intact = parseRunHeader(bytes, integrity);
  const lost = intact === undefined ? 1 : runRecords(bytes, intact, integrity).damaged;
  if (intact !== undefined && lost === 0 && runHashHolds(bytes, intact, integrity)) return { header: intact, bytes, mended: false, damaged: 0 };
  const copy = bytes.slice();
  const header = mendInPlace(copy, integrity);
  if (header === undefined) return undefined;
  const { damaged } = runRecords(copy, header, integrity);
  const computed = chainHash(copy, header, integrity);
  const onlyHash = intact !== undefined && lost === 0;
  if (damaged === 0 && (computed === header.hash || onlyHash || differsInOneBit(computed, header.hash))) {
    copy.set(fromHex(computed), 12);
    return { header: { ...header, hash: computed }, bytes: copy, mended: true, damaged: 0 };
  }
  if (intact === undefined) return damaged === 0 ? undefined : { header, bytes: copy, mended: false, damaged };
  return { header: intact, bytes, mended: false, damaged: lost };
}

function mendInPlace(bytes: Uint8Array, integrity: Integrity): RunHeader | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!mendHeader(bytes, view, integrity)) return undefined;
  view.setUint32(0, runMagic, true);
  view.setUint32(4, bytes.length, true);
  const header = readFixed(bytes, view, runHeaderBytes(bytes, view));
  if (header === undefined) return undefined;
  for (const { start, end, crc } of recordPlaces(bytes, header)) {
    if (end > bytes.length) return undefined;
    const record = bytes.subarray(start, end);
    if (start !== end) mendByCrc(record, crc, integrity.crc32(record));
  }
  return header;
}

function differsInOneBit(a: string, b: string): boolean {
  let bits = 0;
  for (let index = 0; index < a.length; index++) {
    let difference = Number.parseInt(a[index] ?? "0", 16) ^ Number.parseInt(b[index] ?? "0", 16);
    for (; difference !== 0; difference &= difference - 1) bits += 1;
  }
  return bits === 1;
}

function mendHeader(bytes: Uint8Array, view: DataView, integrity: Integrity): boolean {
  const holds = (): boolean => {
    const end = runHeaderBytes(bytes, view);
    return end <= bytes.length && integrity.crc32(bytes.subarray(coveredFrom, end)) === view.getUint32(8, true);
  };
  if (holds()) return true;
  // Count, form and origin's length say how far the checksum reaches, so their bits are tried one by one.
  for (const [index, bits] of [[76, 32], [80, 8], [83, 8], ...(isShared(bytes) ? [[tablesAt(bytes) - 4, 32] as const] : [])] as const) {
    if (index + bits / 8 > bytes.length) continue;
    for (let bit = 0; bit < bits; bit++) {
      flipBit(bytes.subarray(index), bit);
      if (holds()) return true;
      flipBit(bytes.subarray(index), bit);
    }
  }
  const end = runHeaderBytes(bytes, view);
  if (end > bytes.length) return false;
  const covered = bytes.subarray(coveredFrom, end);
  const found = integrity.crc32(covered);
  const outcome = mendByCrc(covered, view.getUint32(8, true), found);
  if (outcome === "damaged") return false;
  view.setUint32(8, integrity.crc32(covered), true);
  return true;
}

/** The run without its damaged records, in their place in the chain. */
export function salvageRun(bytes: Uint8Array, header: RunHeader, integrity: Integrity): Uint8Array {
  const { records } = ownBytes(bytes, header, integrity);
  const kept = records.reduce((sum, record) => sum + (record?.length ?? 0), 0);
  const target = bytes.slice(0, header.headerBytes + kept);
  const view = new DataView(target.buffer);
  const tables = tablesAt(bytes);
  target[80] = runForms.indexOf("salvaged") | ((bytes[80] ?? 0) & ~formMask);
  target[84] = gapReasons.indexOf("damaged");
  let position = header.headerBytes;
  for (const [index, record] of records.entries()) {
    if (record === undefined) view.setUint32(tables + 4 * index, lostLength, true);
    else {
      target.set(record, position);
      position += record.length;
    }
  }
  sealHeader(target, view, 0, header.headerBytes, target.length, integrity);
  return target;
}

/** Stands for records that are not there: as many, for that reason, between these two places of the chain. */
export function gapRun(
  gap: Lane & { readonly epoch: Epoch; readonly firstSequence: number; readonly count: number; readonly reason: GapReason; readonly previousHash: string; readonly hash: string; readonly recordedMs: number },
  integrity: Integrity,
): Uint8Array {
  const target = new Uint8Array(fixedBytes + gap.origin.length);
  const view = new DataView(target.buffer);
  writeFixed(target, view, 0, { ...gap, previousHash: fromHex(gap.previousHash), classes: 0, form: "gap" });
  target.set(fromHex(gap.hash), 12);
  sealHeader(target, view, 0, target.length, target.length, integrity);
  return target;
}

/** Ranges of records that a run says are not there. */
export function lostRanges(bytes: Uint8Array, header: RunHeader): readonly { readonly first: number; readonly last: number }[] {
  if (header.form === "whole") return [];
  if (header.reason === "branched") return []; // another lane holds them
  if (header.form === "gap") return [{ first: header.firstSequence, last: lastSequence(header) }];
  const ranges: { first: number; last: number }[] = [];
  for (const [index, { start, end, crc }] of recordPlaces(bytes, header).entries()) {
    if (start !== end || crc !== lostLength) continue;
    const sequence = header.firstSequence + index;
    const open = ranges.at(-1);
    if (open?.last === sequence - 1) open.last = sequence;
    else ranges.push({ first: sequence, last: sequence });
  }
  return ranges;
}
