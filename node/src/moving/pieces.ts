/** Brings the state of a unit up from the node that sealed it, piece by piece: blobs are otherwise asked for upwards only. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { movingMethods, pieceAnswerSchema, pieceAskSchema } from "@holon/core/schema/moving.ts";
import { fromBase64, toBase64 } from "@holon/core/series/base64.ts";
import type { BlobHash, NodeName } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { CallHandler, Calls } from "../link/calls.ts";

export interface PiecesOptions {
  readonly self: NodeName;
  readonly blobs: BlobStore;
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  /** Who is above, by name. */
  above(): NodeName | undefined;
  /** Whether it was sealed here to be taken elsewhere. */
  mayGo(hash: BlobHash): boolean;
}

/** `bring(node, hash)`: resolves when the blob is here. */
export function createPieces({ self, blobs, calls, handlers, above, mayGo }: PiecesOptions): (node: NodeName, hash: BlobHash) => Promise<void> {
  handlers.set(movingMethods.piece, async (parameters, from) => {
    const { hash, offset } = pieceAskSchema.parse(parameters);
    if (from !== above() || !mayGo(hash)) throw new HolonError("HOLON_CALL_DENIED", `${self} gives states of units only to those above, and only such as move: not ${hash.slice(0, 12)} to ${from}`);
    const piece = await blobs.piece(hash, offset, limits.movePieceBytes);
    if (piece === undefined) throw new HolonError("HOLON_BLOB_MISSING", `blob ${hash} is not at ${self}`);
    return { sizeBytes: piece.sizeBytes, piece: toBase64(piece.bytes) };
  });
  return async (node, hash) => {
    while (!(await blobs.has(hash))) {
      const offset = await blobs.partBytes(hash);
      const { sizeBytes, piece } = pieceAnswerSchema.parse(await calls.call(node, movingMethods.piece, { hash, offset }, limits.nodeRenewAskMs));
      const bytes = fromBase64(piece);
      // Nothing is left to come where power went between the last piece and the name.
      if ((bytes.length === 0 && offset < sizeBytes) || sizeBytes > 2 * limits.moveStateBytesMax) throw new HolonError("HOLON_BLOB_BAD", `${node} gives ${bytes.length} bytes of blob ${hash} at ${offset}, of ${sizeBytes}`);
      await blobs.addPiece(hash, offset, bytes, sizeBytes);
    }
  };
}
