/** One group commit: several appends become one batch, encoded once. Pure but for the heads it advances. */
import { batchBytes, entryKind, writeBatchHeader, type NewEntry } from "@holon/core/log/batch.ts";
import { cellBytes, cellKind, encodeCell, writeCell } from "@holon/core/log/cell.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Append, AppendLine, CellChange, NewRecord, PackedRecords } from "@holon/core/log/log.ts";
import { mergeRun, type Merge } from "@holon/core/log/merge.ts";
import { classBit, emptyHash, encodeRun, lastSequence, runBytes, runMark, sharedOf, type Integrity, type RunHeader, type RunPart } from "@holon/core/log/run.ts";
import type { SharedPart } from "@holon/core/log/preamble.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { Epoch, NodeName } from "@holon/core/units.ts";
import type { Heads } from "./heads.ts";
import type { EncodedRoll } from "./rolling.ts";
import type { TailRun } from "./tail.ts";

/** A run that came from a child, verified. */
export interface ForeignRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

/** One append that waits for its commit. */
export interface Pending {
  readonly records: readonly NewRecord[];
  readonly packed: PackedRecords | undefined;
  readonly line: AppendLine | undefined;
  readonly cells: readonly CellChange[];
  readonly runs: readonly ForeignRun[];
  readonly may: Append["may"];
  readonly bytes: number;
  /** Filled when encoded. */
  readonly sequences: number[];
  readonly merges: Merge[];
  /** Names that its records were promised, and who is told whether they have them. */
  promised?: { readonly sequences: readonly number[]; settle(isKept: boolean): void };
  resolve(): void;
  reject(error: unknown): void;
}

export interface CommitContext {
  readonly origin: NodeName;
  readonly epoch: Epoch;
  readonly integrity: Integrity;
  readonly heads: Heads;
  /** First record of a stream in this epoch: names the predecessor. */
  opened(stream: StreamName): NewRecord;
}

export interface Commit {
  readonly number: number;
  readonly roll: EncodedRoll;
  readonly items: readonly Pending[];
  readonly bytes: Uint8Array;
  readonly runs: readonly TailRun[];
  readonly cells: readonly CellChange[];
}

interface StreamBatch {
  readonly records: RunPart[];
  readonly firstSequence: number;
  count: number;
  classes: number;
  /** Of all records, what is their own. */
  bytes: number;
  /** Set when all are there. */
  shared: SharedPart | undefined;
}

const sizeOf = ({ count, bytes, shared }: StreamBatch, { origin }: CommitContext): number => runBytes(origin, count, bytes, shared);

export function encodeCommit(items: readonly Pending[], number: number, wallMs: number, roll: EncodedRoll, context: CommitContext, room: (bytes: number) => Uint8Array): Commit {
  const streams = gatherStreams(items, context);
  const foreign = gatherRuns(items, context.heads);
  const cells = items.flatMap((item) => item.cells);
  const encodedCells = cells.map(encodeCell);
  const entries: NewEntry[] = [
    { kind: entryKind.roll, length: roll.payload.length },
    ...[...streams.values()].map((batch) => ({ kind: entryKind.run, length: sizeOf(batch, context) })),
    ...foreign.map((run) => ({ kind: entryKind.run, length: run.bytes.length })),
    ...encodedCells.map((cell) => ({ kind: cellKind(cell), length: cellBytes(cell) })),
  ];
  const bytes = room(batchBytes(entries)); // of any content: all of it is written
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = writeBatchHeader(bytes, view, { number, snapshot: false, wallMs, reach: roll.reach, entries }, context.integrity);
  bytes.set(roll.payload, position);
  position += roll.payload.length;
  const runs: TailRun[] = [];
  for (const [stream, batch] of streams) {
    const run = encodeStream(bytes, view, position, stream, batch, wallMs, context);
    runs.push(run);
    position += run.bytes.length;
  }
  for (const run of foreign) {
    bytes.set(run.bytes, position);
    runs.push({ header: run.header, bytes: bytes.subarray(position, position + run.bytes.length) });
    position += run.bytes.length;
  }
  for (const cell of encodedCells) position = writeCell(bytes, view, position, cell, context.integrity);
  return { number, roll, items, bytes, runs, cells };
}

/** Own records by stream, in the order of the appends; each append learns its sequences. */
function gatherStreams(items: readonly Pending[], context: CommitContext): Map<StreamName, StreamBatch> {
  const streams = new Map<StreamName, StreamBatch>();
  // Records of one append mostly share stream and class: what was looked up last is tried first.
  let stream: StreamName | undefined;
  let dataClass: NewRecord["class"] | undefined;
  let batch: StreamBatch | undefined;
  const sharing = new Set<StreamBatch>();
  for (const item of items) {
    for (const record of item.records) {
      if (batch === undefined || record.stream !== stream) {
        stream = record.stream;
        batch = streams.get(stream) ?? beginStream(streams, stream, context);
        dataClass = undefined;
      }
      if (record.class !== dataClass) {
        dataClass = record.class;
        batch.classes |= classBit(dataClass);
      }
      item.sequences.push(batch.firstSequence + batch.count);
      batch.records.push(record.bytes);
      batch.count += 1;
      batch.bytes += record.bytes.length;
    }
    if (item.packed === undefined) continue;
    const { packed } = item;
    stream = packed.stream;
    batch = streams.get(stream) ?? beginStream(streams, stream, context);
    dataClass = packed.class;
    batch.classes |= classBit(dataClass);
    batch.records.push(packed);
    batch.count += packed.count;
    batch.bytes += packed.bytes.length;
    sharing.add(batch);
  }
  for (const each of sharing) each.shared = sharedOf(each.records);
  return streams;
}

function beginStream(streams: Map<StreamName, StreamBatch>, stream: StreamName, context: CommitContext): StreamBatch {
  const head = context.heads.staged({ origin: context.origin, stream });
  const batch: StreamBatch = { records: [], firstSequence: (head?.sequence ?? 0) + 1, count: 0, classes: 0, bytes: 0, shared: undefined };
  if (head?.epoch !== context.epoch) {
    const opened = context.opened(stream);
    batch.records.push(opened.bytes);
    batch.count += 1;
    batch.classes |= classBit(opened.class);
    batch.bytes += opened.bytes.length;
  }
  streams.set(stream, batch);
  return batch;
}

/** Children's runs that follow what is held; the others are told why not. */
function gatherRuns(items: readonly Pending[], heads: Heads): readonly ForeignRun[] {
  const applied: ForeignRun[] = [];
  for (const item of items) {
    for (const run of item.runs) {
      const merge = mergeRun(heads.staged(run.header), run.header);
      item.merges.push(merge);
      if (merge.outcome !== "apply") continue;
      heads.stage(run.header, runMark(run.header));
      applied.push(run);
    }
  }
  return applied;
}

function encodeStream(bytes: Uint8Array, view: DataView, position: number, stream: StreamName, batch: StreamBatch, wallMs: number, context: CommitContext): TailRun {
  const { origin, epoch, heads, integrity } = context;
  const lane = { origin, stream };
  const length = sizeOf(batch, context);
  const previous = heads.staged(lane);
  const previousHash = heads.stagedHash(lane) ?? emptyHash;
  const content = { origin, stream, epoch, firstSequence: batch.firstSequence, previousHash, classes: batch.classes, recordedMs: wallMs, records: batch.records, shared: batch.shared };
  const hash = encodeRun(bytes, view, position, content, integrity);
  const header: RunHeader = {
    form: "whole",
    reason: "none",
    origin,
    stream,
    epoch,
    firstSequence: batch.firstSequence,
    count: batch.count,
    classes: batch.classes,
    recordedFirstMs: wallMs,
    recordedLastMs: wallMs,
    lengthBytes: length,
    headerBytes: length - batch.bytes,
    previousHash: previous?.hash ?? toHex(emptyHash),
    hash: toHex(hash),
  };
  heads.stage(lane, { epoch, sequence: lastSequence(header), hash: header.hash });
  return { header, bytes: bytes.subarray(position, position + length) };
}
