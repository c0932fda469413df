/** The first batch of each segment: all cells and lane heads, so that recovery reads one segment however long the log is. */
import { batchHeaderBytes, entryHeaderBytes, entryKind, writeBatchHeader, writeEntryHeader } from "@holon/core/log/batch.ts";
import { cellEntryBytes, encodeCell, writeCell } from "@holon/core/log/cell.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import type { Lane, Mark } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { isEpoch } from "@holon/core/units.ts";
import { z } from "zod";

export interface Snapshot {
  readonly number: number;
  readonly wallMs: number;
  readonly cells: ReadonlyMap<string, Uint8Array>;
  readonly heads: ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const headsSchema = z.record(z.string(), z.tuple([z.string(), z.int().min(0), z.string().regex(/^[0-9a-f]{64}$/)]));

export function encodeSnapshot(snapshot: Snapshot, integrity: Integrity): Uint8Array {
  const heads = encodeHeads(snapshot.heads);
  const cells = [...snapshot.cells].map(([key, value]) => encodeCell({ key, value }));
  const size = cells.reduce((sum, cell) => sum + cellEntryBytes(cell), batchHeaderBytes + entryHeaderBytes + 4 + heads.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const payload = writeEntryHeader(view, batchHeaderBytes, entryKind.heads, 4 + heads.length);
  view.setUint32(payload, integrity.crc32(heads), true);
  bytes.set(heads, payload + 4);
  let position = payload + 4 + heads.length;
  for (const cell of cells) position = writeCell(bytes, view, position, cell, integrity);
  const header = { number: snapshot.number, bodyBytes: size - batchHeaderBytes, entries: 1 + cells.length, snapshot: true, wallMs: snapshot.wallMs };
  writeBatchHeader(bytes, view, header, integrity);
  return bytes;
}

function encodeHeads(heads: Snapshot["heads"]): Uint8Array {
  const rows = [...heads].map(([name, { mark }]) => [name, [mark.epoch, mark.sequence, mark.hash]] as const);
  return encoder.encode(JSON.stringify(Object.fromEntries(rows)));
}

/** The heads in a snapshot's entry; `undefined` if its checksum does not hold. */
export function decodeHeads(payload: Uint8Array, integrity: Integrity): ReadonlyMap<string, { lane: Lane; mark: Mark }> | undefined {
  if (payload.length < 4) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const text = payload.subarray(4);
  if (integrity.crc32(text) !== view.getUint32(0, true)) return undefined;
  const parsed = headsSchema.safeParse(JSON.parse(decoder.decode(text)));
  if (!parsed.success) return undefined;
  const heads = new Map<string, { lane: Lane; mark: Mark }>();
  for (const [name, [epoch, sequence, hash]] of Object.entries(parsed.data)) {
    const lane = parseLaneName(name);
    if (lane !== undefined && isEpoch(epoch)) heads.set(name, { lane, mark: { epoch, sequence, hash } });
  }
  return heads;
}
