/** Who waits for which blob, and from where on: bounded by peer and in all. */
import { limits } from "@holon/core/limits.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { Peer } from "./peer.ts";

export interface BlobWaiters {
  /** `known`: it waits for it already, and from now on from this offset. `full`: it may not wait for one more. `gone`: it was lost meanwhile. */
  add(hash: BlobHash, offset: number, peer: Peer): "new" | "known" | "full" | "gone";
  /** Those who wait for it, and do so no more. */
  take(hash: BlobHash): ReadonlyMap<Peer, number>;
  /** Blobs that nobody waits for now that this peer is gone. */
  forget(peer: Peer): readonly BlobHash[];
}

export function createBlobWaiters(): BlobWaiters {
  const byHash = new Map<BlobHash, Map<Peer, number>>();
  const byPeer = new Map<Peer, Set<BlobHash>>();
  /** A want may still be looked up on the disk when its peer goes. */
  const gone = new WeakSet<Peer>();
  let count = 0;

  function drop(hash: BlobHash, peer: Peer): void {
    const hashes = byPeer.get(peer);
    hashes?.delete(hash);
    if (hashes?.size === 0) byPeer.delete(peer);
    count -= 1;
  }

  return {
    add(hash, offset, peer) {
      if (gone.has(peer)) return "gone";
      const waiting = byHash.get(hash) ?? new Map<Peer, number>();
      const hashes = byPeer.get(peer) ?? new Set<BlobHash>();
      const isKnown = waiting.has(peer);
      if (!isKnown && (hashes.size >= limits.blobWantsOfPeerMax || count >= limits.blobWantsMax)) return "full";
      byHash.set(hash, waiting.set(peer, offset));
      byPeer.set(peer, hashes.add(hash));
      if (!isKnown) count += 1;
      return isKnown ? "known" : "new";
    },
    take(hash) {
      const waiting = byHash.get(hash) ?? new Map<Peer, number>();
      byHash.delete(hash);
      for (const peer of waiting.keys()) drop(hash, peer);
      return waiting;
    },
    forget(peer) {
      gone.add(peer);
      const orphaned: BlobHash[] = [];
      for (const hash of [...(byPeer.get(peer) ?? [])]) {
        const waiting = byHash.get(hash);
        waiting?.delete(peer);
        drop(hash, peer);
        if (waiting !== undefined && waiting.size > 0) continue;
        byHash.delete(hash);
        orphaned.push(hash);
      }
      return orphaned;
    },
  };
}
