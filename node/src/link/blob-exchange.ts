/**
 * Fetches blobs from the parent piece by piece, from where they stopped; serves them to children, fetching first what is not here.
 *
 *     want ─▶ chunk │ missing: nobody above has it │ later: not now, with a code │ silence: asked again, in the end over a new connection
 *
 * What others want is bounded, by node and in all; what this node itself wants is always asked for.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import type { BlobFrame } from "@holon/core/link/frame.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { BlobStore } from "../blob/store.ts";
import { createBlobWaiters } from "./blob-waiters.ts";
import type { Peer } from "./peer.ts";
import { settleable, type Settleable } from "./settleable.ts";

export interface BlobExchangeOptions {
  readonly store: BlobStore;
  /** There is nobody above to ask. */
  readonly isRoot: boolean;
  readonly clock: Clock;
  failed(error: unknown): void;
  /** For the trail: somebody above asked for a blob. */
  denied(from: Peer, error: HolonError): void;
}

export interface BlobExchange {
  /** Resolves when the blob is here. Waits as long as the link is down; `HOLON_BLOB_MISSING` if the root does not have it. */
  fetch(hash: BlobHash): Promise<void>;
  /** `isAbove`: it came over a link that this node dialled. Nobody there is given anything: what they need they have, and what is here may be from here. */
  receive(frame: BlobFrame, from: Peer, isAbove: boolean): void;
  /** The uplink is open (again): what is wanted is asked for from where it stopped. */
  uplinkOpened(peer: Peer): void;
  /** Nothing more comes from this peer; where another has taken its place, that one stays. */
  uplinkLost(peer: Peer): void;
  /** A child is gone: what only it wanted is wanted no more. */
  childLost(peer: Peer): void;
  /** Blobs that are asked for and not here yet. */
  wanted(): number;
  /** Why what comes cannot be kept, for example a full disk: it is asked for again and again until it can. */
  problem(): HolonError | undefined;
  /** Nothing is asked for any more. */
  close(): void;
}

interface Wanted {
  /** Set where this node itself wants it. */
  own: Settleable<void> | undefined;
  /** How often it was asked for since the last sign of it. */
  asked: number;
  timer: Timer | undefined;
  /** A piece is on its way to the disk. */
  isTaking: boolean;
}

type Header<Op extends BlobFrame["header"]["op"]> = Extract<BlobFrame["header"], { op: Op }>;

export function createBlobExchange({ store, isRoot, clock, failed, denied }: BlobExchangeOptions): BlobExchange {
  const wanted = new Map<BlobHash, Wanted>();
  const waiters = createBlobWaiters();
  let uplink: Peer | undefined;
  let problem: HolonError | undefined;
  let isClosed = false;

  function fetch(hash: BlobHash): Promise<void> {
    const entry = wanted.get(hash) ?? want(hash);
    if (entry.own === undefined) {
      entry.own = settleable();
      entry.own.promise.catch(() => undefined); // whoever awaits it is told; nobody waiting is no error
    }
    return entry.own.promise;
  }

  function want(hash: BlobHash): Wanted {
    const entry: Wanted = { own: undefined, asked: 0, timer: undefined, isTaking: false };
    wanted.set(hash, entry);
    attempt(hash, start);
    return entry;
  }

  /** Does the step, and asks again later where the disk refuses it. */
  function attempt(hash: BlobHash, step: (hash: BlobHash) => Promise<void>): void {
    step(hash).catch((error: unknown) => faltered(hash, error));
  }

  function faltered(hash: BlobHash, error: unknown): void {
    failed(error);
    const entry = wanted.get(hash);
    if (entry === undefined) return;
    problem = toHolonError(error);
    again(hash, entry, limits.diskFullRetryMs, () => attempt(hash, ask));
  }

  async function start(hash: BlobHash): Promise<void> {
    if (await store.has(hash)) return settle(hash);
    if (isRoot) return settle(hash, new HolonError("HOLON_BLOB_MISSING", `blob ${hash} is not at the root`));
    await ask(hash);
  }

  async function ask(hash: BlobHash): Promise<void> {
    const offset = await store.partBytes(hash);
    const entry = wanted.get(hash);
    if (entry === undefined || uplink === undefined) return;
    uplink.send({ kind: "blob", header: { op: "want", hash, offset } });
    entry.asked += 1;
    const waitMs = backoffMs(entry.asked - 1, { firstMs: limits.blobAnswerMs, maxMs: limits.blobAnswerMaxMs }, 1);
    again(hash, entry, waitMs, () => unanswered(hash, entry));
  }

  function again(hash: BlobHash, entry: Wanted, afterMs: number, act: () => void): void {
    entry.timer?.cancel();
    if (isClosed) return;
    entry.timer = clock.after(afterMs, () => {
      if (wanted.get(hash) === entry) act();
    });
  }

  /** The link is open and nothing came: a frame may be lost in the peer, so it is asked again; then the connection is not trusted any more. */
  function unanswered(hash: BlobHash, entry: Wanted): void {
    if (uplink === undefined) return; // asked when it is open again
    if (uplink.isReceiving()) return again(hash, entry, limits.blobAnswerMs, () => unanswered(hash, entry)); // perhaps it is this that comes, slowly
    if (entry.asked % limits.blobAsksMax !== 0) return attempt(hash, ask);
    failed(new HolonError("HOLON_BLOB_TIMEOUT", `${uplink.name} was asked ${entry.asked} times for blob ${hash} and did not answer`));
    uplink.close("HOLON_BLOB_TIMEOUT");
  }

  function settle(hash: BlobHash, error?: HolonError): void {
    const entry = wanted.get(hash);
    wanted.delete(hash);
    entry?.timer?.cancel();
    if (wanted.size === 0) problem = undefined;
    if (error === undefined) entry?.own?.resolve();
    else entry?.own?.reject(error);
    for (const [peer, offset] of waiters.take(hash)) {
      if (error === undefined) serve(hash, offset, peer).catch(failed);
      else missing(hash, peer);
    }
  }

  async function take(header: Header<"chunk">, payload: Uint8Array): Promise<void> {
    const entry = wanted.get(header.hash);
    if (entry === undefined || entry.isTaking) return; // a piece that came twice; the one before is asked on from
    entry.isTaking = true;
    entry.asked = 0;
    try {
      const fits = (await store.partBytes(header.hash)) === header.offset;
      const isWhole = fits && (await store.addPiece(header.hash, header.offset, payload, header.sizeBytes));
      if (fits) problem = undefined;
      if (isWhole) settle(header.hash);
      else await ask(header.hash);
    } catch (error) {
      if (!(error instanceof HolonError) || error.code !== "HOLON_BLOB_BAD") return faltered(header.hash, error);
      failed(error);
      settle(header.hash, error);
    } finally {
      entry.isTaking = false;
    }
  }

  /** The peer is there and has not got it now: it is asked when it said, not sooner. */
  function comeBack({ hash, retryAfterMs }: Header<"later">): void {
    const entry = wanted.get(hash);
    if (entry === undefined) return;
    entry.asked = 0;
    again(hash, entry, Math.min(limits.blobAnswerMaxMs, Math.max(limits.blobLaterMs, retryAfterMs)), () => attempt(hash, ask));
  }

  async function serve(hash: BlobHash, offset: number, from: Peer): Promise<void> {
    if (from.queuedBytes() > limits.blobQueuedBytesMax) return later(hash, "HOLON_BLOB_BUSY", limits.blobLaterMs, from);
    const piece = await pieceOf(hash, offset);
    if (piece !== undefined) return from.send({ kind: "blob", header: { op: "chunk", hash, offset, sizeBytes: piece.sizeBytes }, payload: piece.bytes });
    if (isRoot) return missing(hash, from);
    const outcome = waiters.add(hash, offset, from);
    if (outcome === "full") return later(hash, "HOLON_BLOB_BUSY", limits.blobLaterMs, from);
    if (outcome === "known") later(hash, "HOLON_BLOB_AWAITED", limits.blobAnswerMs, from);
    if (outcome !== "gone" && !wanted.has(hash)) want(hash);
  }

  /** `undefined` if it is not here; a copy that is damaged is gone by then. */
  async function pieceOf(hash: BlobHash, offset: number): ReturnType<BlobStore["piece"]> {
    try {
      return await store.piece(hash, offset, limits.blobChunkBytes);
    } catch (error) {
      if (!(error instanceof HolonError) || error.code !== "HOLON_BLOB_BAD") throw error;
      return undefined;
    }
  }

  const missing = (hash: BlobHash, to: Peer): void => to.send({ kind: "blob", header: { op: "missing", hash } });
  const later = (hash: BlobHash, code: Header<"later">["code"], retryAfterMs: number, to: Peer): void => to.send({ kind: "blob", header: { op: "later", hash, code, retryAfterMs } });

  function receive({ header, payload }: BlobFrame, from: Peer, isAbove: boolean): void {
    if (header.op === "want" && isAbove) {
      denied(from, new HolonError("HOLON_CALL_DENIED", `${from.name} asks for blob ${header.hash.slice(0, 12)}, and does not stand below`));
      return missing(header.hash, from);
    }
    if (header.op === "want") return void serve(header.hash, header.offset, from).catch(failed);
    if (from !== uplink) return; // it was not asked, or is not any more
    if (header.op === "missing") settle(header.hash, new HolonError("HOLON_BLOB_MISSING", `no node above has blob ${header.hash}`));
    else if (header.op === "later") comeBack(header);
    else void take(header, payload);
  }

  return {
    fetch,
    receive,
    uplinkOpened(peer) {
      uplink = peer;
      for (const hash of wanted.keys()) attempt(hash, ask);
    },
    uplinkLost(peer) {
      if (uplink === peer) uplink = undefined;
    },
    childLost(peer) {
      for (const hash of waiters.forget(peer)) {
        const entry = wanted.get(hash);
        if (entry === undefined || entry.own !== undefined) continue;
        entry.timer?.cancel();
        wanted.delete(hash);
      }
      if (wanted.size === 0) problem = undefined;
    },
    wanted: () => wanted.size,
    problem: () => problem,
    close() {
      isClosed = true;
      for (const { timer } of wanted.values()) timer?.cancel();
    },
  };
}
