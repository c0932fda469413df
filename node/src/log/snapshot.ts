/** The first batch of each segment: all cells and lane heads, so that recovery reads one segment however long the log is. */
import { batchBytes, entryKind, writeBatchHeader } from "@holon/core/log/batch.ts";
import { cellBytes, cellKind, encodeCell, mendChecked, writeCell } from "@holon/core/log/cell.ts";
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
  const entries = [{ kind: entryKind.heads, length: 4 + heads.length }, ...cells.map((cell) => ({ kind: cellKind(cell), length: cellBytes(cell) }))];
  const bytes = new Uint8Array(batchBytes(entries));
  const view = new DataView(bytes.buffer);
  let position = writeBatchHeader(bytes, view, { number: snapshot.number, snapshot: true, wallMs: snapshot.wallMs, reach: 0, entries }, integrity);
  view.setUint32(position, integrity.crc32(heads), true);
  bytes.set(heads, position + 4);
  position += 4 + heads.length;
  for (const cell of cells) position = writeCell(bytes, view, position, cell, integrity);
  return bytes;
}

function encodeHeads(heads: Snapshot["heads"]): Uint8Array {
  const rows = [...heads].map(([name, { mark }]) => [name, [mark.epoch, mark.sequence, mark.hash]] as const);
  return encoder.encode(JSON.stringify(Object.fromEntries(rows)));
}

/** The heads in a snapshot's entry; `undefined` if it is damaged by more than one bit. */
export function decodeHeads(payload: Uint8Array, integrity: Integrity): ReadonlyMap<string, { lane: Lane; mark: Mark }> | undefined {
  if (!mendChecked(payload, integrity)) return undefined;
  const parsed = headsSchema.safeParse(JSON.parse(decoder.decode(payload.subarray(4))));
  if (!parsed.success) return undefined;
  const heads = new Map<string, { lane: Lane; mark: Mark }>();
  for (const [name, [epoch, sequence, hash]] of Object.entries(parsed.data)) {
    const lane = parseLaneName(name);
    if (lane !== undefined && isEpoch(epoch)) heads.set(name, { lane, mark: { epoch, sequence, hash } });
  }
  return heads;
}
