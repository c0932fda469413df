/** What units hold while they are on their way, as control sees it: brought from the node that it departed from, given to the node that takes it, and then gone. */
import type { Disk } from "@holon/core/ports.ts";
import type { BlobHash, NodeName } from "@holon/core/units.ts";
import { createPieces, pieceOf, type PieceAnswer, type PiecesOptions } from "./pieces.ts";
import { openStateStore, type StateStore } from "./state-store.ts";

export interface StateKeeper {
  has(hash: BlobHash): Promise<boolean>;
  /** Resolves when it is here. */
  bring(node: NodeName, hash: BlobHash): Promise<void>;
  /** `HOLON_BLOB_MISSING`. */
  piece(hash: BlobHash, offset: number): Promise<PieceAnswer>;
  /** Removes all others. */
  keepOnly(hashes: ReadonlySet<BlobHash>): Promise<void>;
}

/** Opened when control first looks: other nodes hold none. */
export function createStateKeeper({ disk, ...options }: Omit<PiecesOptions, "store"> & { readonly disk: Disk }): StateKeeper {
  let opened: Promise<StateStore> | undefined;
  const store = (): Promise<StateStore> => (opened ??= openStateStore(disk, options.integrity));
  const bring = createPieces({ ...options, store });
  return {
    has: async (hash) => (await store()).has(hash),
    bring,
    piece: async (hash, offset) => pieceOf(await (await store()).read(hash), offset),
    keepOnly: async (hashes) => (await store()).keepOnly(hashes),
  };
}
