/** Fetches blobs from the parent piece by piece, from where they stopped; serves them to children, fetching first what is not here. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { BlobFrame } from "@holon/core/link/frame.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import type { Peer } from "./peer.ts";

export interface BlobExchange {
  /** Resolves when the blob is here. Waits as long as the link is down; `HOLON_BLOB_MISSING` if the root does not have it. */
  fetch(hash: BlobHash): Promise<void>;
  receive(frame: BlobFrame, from: Peer): void;
  /** The uplink is open (again): what is wanted is asked for from where it stopped. */
  uplinkOpened(peer: Peer): void;
  /** Nothing more comes from this peer; where another has taken its place, that one stays. */
  uplinkLost(peer: Peer): void;
}

interface Wanted {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: HolonError): void;
}

export function createBlobExchange(store: BlobStore, isRoot: boolean, failed: (error: unknown) => void): BlobExchange {
  const wanted = new Map<BlobHash, Wanted>();
  let uplink: Peer | undefined;

  async function ask(hash: BlobHash): Promise<void> {
    const offset = await store.partBytes(hash);
    uplink?.send({ kind: "blob", header: { op: "want", hash, offset } });
  }

  function fetch(hash: BlobHash): Promise<void> {
    const known = wanted.get(hash);
    if (known !== undefined) return known.promise;
    const { promise, resolve, reject } = withResolvers();
    wanted.set(hash, { promise, resolve, reject });
    promise.catch(() => undefined); // whoever awaits it is told; nobody waiting is no error
    start(hash).catch(failed);
    return promise;
  }

  async function start(hash: BlobHash): Promise<void> {
    if (await store.has(hash)) return settle(hash);
    if (isRoot) return settle(hash, new HolonError("HOLON_BLOB_MISSING", `blob ${hash} is not at the root`));
    await ask(hash);
  }

  function settle(hash: BlobHash, error?: HolonError): void {
    const entry = wanted.get(hash);
    wanted.delete(hash);
    if (error === undefined) entry?.resolve();
    else entry?.reject(error);
  }

  async function take(header: Extract<BlobFrame["header"], { op: "chunk" }>, payload: Uint8Array): Promise<void> {
    if (!wanted.has(header.hash)) return;
    if ((await store.partBytes(header.hash)) !== header.offset) return ask(header.hash);
    if (await store.addPiece(header.hash, header.offset, payload, header.sizeBytes)) settle(header.hash);
    else await ask(header.hash);
  }

  async function serve(hash: BlobHash, offset: number, from: Peer): Promise<void> {
    const piece = (await pieceOf(hash, offset)) ?? (await pieceOf(hash, offset)); // a second time where the copy here was damaged, and is gone now
    if (piece === undefined) from.send({ kind: "blob", header: { op: "missing", hash } });
    else from.send({ kind: "blob", header: { op: "chunk", hash, offset, sizeBytes: piece.sizeBytes }, payload: piece.bytes });
  }

  async function pieceOf(hash: BlobHash, offset: number): ReturnType<BlobStore["piece"]> {
    try {
      if (!(await store.has(hash))) await fetch(hash);
      return await store.piece(hash, offset, limits.blobChunkBytes);
    } catch (error) {
      if (!(error instanceof HolonError) || (error.code !== "HOLON_BLOB_BAD" && error.code !== "HOLON_BLOB_MISSING")) throw error;
      return undefined;
    }
  }

  return {
    fetch,
    receive(frame, from) {
      const { header } = frame;
      if (header.op === "want") serve(header.hash, header.offset, from).catch(failed);
      else if (header.op === "missing") settle(header.hash, new HolonError("HOLON_BLOB_MISSING", `no node above has blob ${header.hash}`));
      else {
        take(header, frame.payload).catch((error: unknown) => {
          failed(error);
          if (error instanceof HolonError && error.code === "HOLON_BLOB_BAD") settle(header.hash, error);
        });
      }
    },
    uplinkOpened(peer) {
      uplink = peer;
      for (const hash of wanted.keys()) ask(hash).catch(failed);
    },
    uplinkLost(peer) {
      if (uplink === peer) uplink = undefined;
    },
  };
}

function withResolvers(): Wanted {
  let resolve: () => void = () => undefined;
  let reject: (error: HolonError) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve: () => resolve(), reject: (error) => reject(error) };
}
