/**
 * A run: contiguous records of one lane, written in one group commit. The unit of the chain, of storage and of the link: a run is
 * encoded once, at its origin, and travels byte for byte to the root, so that every node on the way can verify it.
 *
 *     0   u32  length of the whole run           72  u32  count of records
 *     4   u32  CRC-32 of the header from 40 on   76  u8   format version, u8 stream, u8 classes (bit mask), u8 length of origin
 *     8   32B  hash = SHA-256 of 40 … end        80  f64  sequence of the first record
 *     40  32B  hash of the run before            88  f64  recorded, first; 96 f64 recorded, last (ms since 1970)
 *                                                104 13B  epoch, then origin
 *     then lengths (u32 each), CRC-32s (u32 each), then the records' bytes, end to end. Little-endian.
 *
 * Lengths stand in the header, under its CRC, so that a damaged record does not hide the ones behind it.
 */
import { dataClasses, streamNames, type DataClass, type StreamName } from "../schema/event.ts";
import { isEpoch, isNodeName, type Epoch, type NodeName } from "../units.ts";
import { toHex } from "./hex.ts";
import type { Lane, Mark } from "./log.ts";

/** What the log needs of Crypto and Codec. */
export interface Integrity {
  sha256(bytes: Uint8Array): Uint8Array;
  crc32(bytes: Uint8Array): number;
}

export interface RunHeader extends Lane {
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
  readonly records: readonly Uint8Array[];
}

const fixedBytes = 117;
const formatVersion = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A fork or an empty lane starts from here. */
export const emptyHash: Uint8Array = new Uint8Array(32);

export const lastSequence = (run: Pick<RunHeader, "firstSequence" | "count">): number => run.firstSequence + run.count - 1;
export const runMark = (run: RunHeader): Mark => ({ epoch: run.epoch, sequence: lastSequence(run), hash: run.hash });
export const classBit = (name: DataClass): number => 1 << dataClasses.indexOf(name);
export const classesOf = (mask: number): readonly DataClass[] => dataClasses.filter((_, index) => (mask & (1 << index)) !== 0);

export function runBytes(origin: string, records: readonly Uint8Array[]): number {
  let size = fixedBytes + origin.length + 8 * records.length;
  for (const record of records) size += record.length;
  return size;
}

/** Writes the run at `offset` of `target` and returns its chain hash. `view` is over the same bytes as `target`. */
export function encodeRun(target: Uint8Array, view: DataView, offset: number, run: RunContent, integrity: Integrity): Uint8Array {
  const origin = encoder.encode(run.origin);
  const count = run.records.length;
  const tables = offset + fixedBytes + origin.length;
  const header = tables - offset + 8 * count;
  target.set(run.previousHash, offset + 40);
  view.setUint32(offset + 72, count, true);
  target[offset + 76] = formatVersion;
  target[offset + 77] = streamNames.indexOf(run.stream);
  target[offset + 78] = run.classes;
  target[offset + 79] = origin.length;
  view.setFloat64(offset + 80, run.firstSequence, true);
  view.setFloat64(offset + 88, run.recordedMs, true);
  view.setFloat64(offset + 96, run.recordedMs, true);
  encoder.encodeInto(run.epoch, target.subarray(offset + 104, offset + fixedBytes));
  target.set(origin, offset + fixedBytes);
  let position = offset + header;
  for (let index = 0; index < count; index++) {
    const record = run.records[index] ?? emptyRecord;
    view.setUint32(tables + 4 * index, record.length, true);
    view.setUint32(tables + 4 * (count + index), integrity.crc32(record), true);
    target.set(record, position);
    position += record.length;
  }
  view.setUint32(offset, position - offset, true);
  view.setUint32(offset + 4, integrity.crc32(target.subarray(offset + 40, offset + header)), true);
  const hash = integrity.sha256(target.subarray(offset + 40, position));
  target.set(hash, offset + 8);
  return hash;
}

const emptyRecord = new Uint8Array(0);

/** The header of the run that begins at byte 0 of `bytes`; `undefined` if it is not whole or its checksum does not hold. */
export function parseRunHeader(bytes: Uint8Array, integrity: Integrity): RunHeader | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = view.getUint32(0, true);
  const count = view.getUint32(72, true);
  const origin = bytes[79] ?? 0;
  const headerBytes = fixedBytes + origin + 8 * count;
  if (lengthBytes > bytes.length || headerBytes > lengthBytes || bytes[76] !== formatVersion || count === 0) return undefined;
  if (integrity.crc32(bytes.subarray(40, headerBytes)) !== view.getUint32(4, true)) return undefined;
  const stream = streamNames[bytes[77] ?? 255];
  const names = parseNames(bytes, origin);
  if (stream === undefined || names === undefined) return undefined;
  return {
    ...names,
    stream,
    firstSequence: view.getFloat64(80, true),
    count,
    classes: bytes[78] ?? 0,
    recordedFirstMs: view.getFloat64(88, true),
    recordedLastMs: view.getFloat64(96, true),
    lengthBytes,
    headerBytes,
    previousHash: toHex(bytes.subarray(40, 72)),
    hash: toHex(bytes.subarray(8, 40)),
  };
}

function parseNames(bytes: Uint8Array, originLength: number): { origin: NodeName; epoch: Epoch } | undefined {
  try {
    const epoch = decoder.decode(bytes.subarray(104, fixedBytes));
    const origin = decoder.decode(bytes.subarray(fixedBytes, fixedBytes + originLength));
    return isEpoch(epoch) && isNodeName(origin) ? { origin, epoch } : undefined;
  } catch {
    return undefined; // no UTF-8: not a run that we wrote
  }
}

export interface RunRecords {
  /** Each record's bytes in order; `undefined` where its checksum does not hold. */
  readonly records: readonly (Uint8Array | undefined)[];
  readonly damaged: number;
}

/** The records of a run whose header has been parsed. Each is checked by its own CRC: damage is confined to its record. */
export function runRecords(bytes: Uint8Array, header: RunHeader, integrity: Integrity): RunRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = header.headerBytes - 8 * header.count;
  const records: (Uint8Array | undefined)[] = [];
  let position = header.headerBytes;
  let damaged = 0;
  for (let index = 0; index < header.count; index++) {
    const end = position + view.getUint32(tables + 4 * index, true);
    const record = bytes.subarray(position, end);
    const intact = end <= header.lengthBytes && integrity.crc32(record) === view.getUint32(tables + 4 * (header.count + index), true);
    records.push(intact ? record : undefined);
    if (!intact) damaged += 1;
    position = end;
  }
  return { records, damaged };
}

/** Whether the whole run is as its origin wrote it. */
export const runHashHolds = (bytes: Uint8Array, header: RunHeader, integrity: Integrity): boolean =>
  toHex(integrity.sha256(bytes.subarray(40, header.lengthBytes))) === header.hash;

export type { StreamName };
