/** What units hold, piece by piece: from the node that it departed from to control, and from control to the node that takes it. Nobody on the way keeps it. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { movingMethods, pieceAnswerSchema, pieceAskSchema } from "@holon/core/schema/moving.ts";
import { fromBase64, toBase64 } from "@holon/core/series/base64.ts";
import type { BlobHash, NodeName } from "@holon/core/units.ts";
import type { z } from "zod";
import type { BlobStore } from "../blob/store.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { departedUnits } from "./held.ts";
import type { StateStore } from "./state-store.ts";
import { encodeUnitState, unitStateOf } from "./unit-state.ts";

export interface PiecesOptions {
  readonly self: NodeName;
  readonly log: SegmentLog;
  readonly blobs: Pick<BlobStore, "own" | "remove" | "has">;
  readonly integrity: Integrity;
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  /** Where control is: what was brought, until it was taken. */
  store(): Promise<StateStore>;
  /** Who is above, by name. */
  above(): NodeName | undefined;
}

export type PieceAnswer = z.infer<typeof pieceAnswerSchema>;

/** `bring(node, hash)`: resolves when it is here. */
export function createPieces({ self, log, blobs, integrity, calls, handlers, store, above }: PiecesOptions): (node: NodeName, hash: BlobHash) => Promise<void> {
  /** Of which one piece after the other is asked for. */
  let last: { readonly hash: BlobHash; readonly content: Uint8Array } | undefined;

  /** Of what departed here to be taken elsewhere. The cells of a unit that departed do not change: what it holds is the same bytes each time, and lies nowhere but in the log. */
  async function departedHere(hash: BlobHash): Promise<Uint8Array | undefined> {
    const found = departedUnits(log).find((departed) => departed.blobs.includes(hash));
    if (found === undefined) return undefined;
    if (last?.hash === hash) return last.content;
    const content = found.blobs[0] === hash ? encodeUnitState(unitStateOf(found.unit, found.id, log)) : await blobs.own.read(hash);
    if (toHex(integrity.sha256(content)) !== hash) throw new HolonError("HOLON_BLOB_MISSING", `what ${found.unit} held when it departed is not at ${self} any more`);
    last = { hash, content };
    return content;
  }

  handlers.set(movingMethods.piece, async (parameters, from) => {
    const { hash, offset } = pieceAskSchema.parse(parameters);
    const content = from === above() ? await departedHere(hash) : undefined;
    if (content === undefined) throw new HolonError("HOLON_CALL_DENIED", `${self} gives what units hold only to those above, and only of such as move: not ${hash.slice(0, 12)} to ${from}`);
    if (offset + limits.movePieceBytes >= content.length) last = undefined;
    return pieceOf(content, offset);
  });

  return async (node, hash) => {
    const states = await store();
    if (states.has(hash)) return;
    const content = node === self ? await departedHere(hash) : await whole(hash, (offset) => calls.call(node, movingMethods.piece, { hash, offset }, limits.nodeRenewAskMs));
    if (content === undefined) throw new HolonError("HOLON_BLOB_MISSING", `${hash.slice(0, 12)} did not depart from ${self}`);
    await states.put(hash, content);
    if (await blobs.has(hash)) await blobs.remove(hash); // where it was brought as a blob, before it was kept apart
  };
}

export const pieceOf = (content: Uint8Array, offset: number): PieceAnswer => ({ sizeBytes: content.length, piece: toBase64(content.subarray(offset, offset + limits.movePieceBytes)) });

/** All of it, in memory. Whether it is what its name says is the caller's to look at. `HOLON_BLOB_BAD`. */
export async function whole(hash: BlobHash, ask: (offset: number) => Promise<unknown>): Promise<Uint8Array> {
  let content = new Uint8Array(0);
  for (let at = 0; ; ) {
    const { sizeBytes, piece } = pieceAnswerSchema.parse(await ask(at));
    const bytes = fromBase64(piece);
    if (at === 0 && sizeBytes <= 2 * limits.moveStateBytesMax) content = new Uint8Array(sizeBytes);
    if (sizeBytes !== content.length || at + bytes.length > sizeBytes || (bytes.length === 0 && at < sizeBytes)) throw new HolonError("HOLON_BLOB_BAD", `${bytes.length} bytes came of ${hash.slice(0, 12)} at ${at}, of ${sizeBytes}`);
    content.set(bytes, at);
    at += bytes.length;
    if (at === sizeBytes) return content;
  }
}
