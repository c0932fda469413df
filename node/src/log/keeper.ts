/** Keeps the log within its policy: looks it over now and then, and at once when the disk is full. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { planRetention, type Expiry, type RetentionPolicy } from "@holon/core/log/retention.ts";
import type { Clock, Disk, DiskFile, Timer, Trace } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import { expiredEvent } from "./expired-cell.ts";
import type { SegmentLog } from "./segment-log.ts";

export interface KeeperOptions {
  readonly log: SegmentLog;
  readonly policy: RetentionPolicy;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly disk: Disk; readonly trace: Trace };
  /** Last sequence of each lane that is durable beyond the parent's loss. */
  safe(): ReadonlyMap<string, number>;
  /** `app/function` of every function that still reads. */
  readers(): readonly string[];
}

export interface Keeper {
  start(): Promise<void>;
  /** The disk is full. */
  full(): void;
  /** Of what was let go of some gave its room back. */
  freed(): void;
  close(): Promise<void>;
}

const reservePath = "reserve";
/** A piece of the reserve, shared: nodes that start at once must not hold all of it in memory. */
const filler = new Uint8Array(64 << 10).fill(1);
/** Of the room that there is for the log: on a small volume a reserve of full size would bring on what it is for. One that is too small for a record of what goes is none. */
const reserveShare = 64;
const reserveBytesMin = 64 << 10;
/** Nothing goes of the segment that is written: on a small volume it must not be most of the log. */
const segmentShare = 16;
/** On a full disk a part of the log is asked for at a time, since it may be full for a moment only, and what is to come back is waited for. */
const fullShare = 8;
const needOf = (totalBytes: number, comingBytes: number): number => Math.max(0, Math.min(limits.retentionFullBytes, Math.ceil(totalBytes / fullShare)) - comingBytes);
const positionsSchema = z.record(z.string(), z.number());

export function createKeeper(options: KeeperOptions): Keeper {
  const { log, ports } = options;
  let timer: Timer | undefined;
  let busy: Promise<void> | undefined;
  let reserving: Promise<void> = Promise.resolve();
  let closed = false;

  const note = (error: unknown): void => {
    const coded = toHolonError(error);
    ports.trace.note("warn", `retention: ${coded.message}`, { code: coded.code });
  };

  function look(isFull: boolean): void {
    if (closed || busy !== undefined) return;
    busy = retain(isFull)
      .catch(note)
      .finally(() => {
        busy = undefined;
      });
  }

  async function retain(isFull: boolean): Promise<void> {
    await boundSegments();
    if (isFull) await ports.disk.remove(reservePath);
    const read = readPositions();
    const safe = options.safe();
    const wall = ports.clock.wall();
    const nowMs = wall.state === "unknown" ? 0 : wall.ms; // by a clock that nobody trusts, nothing is old
    const expiries = await log.retain((parts, totalBytes, comingBytes) => planRetention({ policy: options.policy, nowMs, parts, totalBytes, safe, read, needBytes: isFull ? needOf(totalBytes, comingBytes) : 0 }), tell, isFull);
    for (const { lane, through, rule } of expiries) ports.trace.note("info", `${lane} let go through ${through}: ${rule}`);
    if (isFull) await makeReserve();
  }

  const tell = ({ lane, through, rule }: Expiry): NewRecord => options.events.record({ stream: "audit", type: expiredEvent, class: "public", producer: "log", data: { lane, through, rule } });

  /** How far every function has read each lane: what is behind that is nobody's input any more. */
  function readPositions(): ReadonlyMap<string, number> {
    const read = new Map<string, number>();
    for (const reader of options.readers()) {
      const cell = log.cell(`position/${reader}`);
      const positions = cell === undefined ? {} : positionsSchema.parse(parseJson(cell));
      if (cell === undefined) read.set(`${log.origin}/local`, 0);
      for (const [lane, sequence] of Object.entries(positions)) read.set(lane, Math.min(read.get(lane) ?? Number.POSITIVE_INFINITY, sequence));
    }
    return read;
  }

  /** By the room of this moment: a disk that somebody else had filled has more of it later. */
  async function boundSegments(): Promise<void> {
    const space = await ports.disk.space().catch(() => undefined); // letting go does not wait for an answer to this
    if (space !== undefined) log.boundSegments(Math.floor((space.freeBytes + log.sizeBytes()) / segmentShare));
  }

  /** Room that is given up when the disk is full, so that letting go can be recorded before it is done. */
  async function makeReserve(): Promise<void> {
    const { freeBytes } = (await ports.disk.space()) ?? { freeBytes: Infinity };
    const bytes = Math.min(limits.reserveBytes, Math.max(reserveBytesMin, Math.floor((freeBytes + log.sizeBytes()) / reserveShare)));
    if (freeBytes < 2 * bytes) return;
    let file: DiskFile | undefined;
    try {
      file = await ports.disk.open(reservePath, { create: true });
      for (let at = file.size(); at < bytes; at += filler.length) await file.write(at, filler);
    } catch (error) {
      if (!(error instanceof HolonError) || error.code !== "HOLON_DISK_FULL") throw error;
      await ports.disk.remove(reservePath); // no room to keep aside: the next look tries again
    } finally {
      await file?.close(); // or what was written of it would be held without a name
    }
  }

  function tick(): void {
    look(false);
    timer = ports.clock.after(limits.retentionEveryMs, tick);
  }

  return {
    async start() {
      await boundSegments();
      await makeReserve();
      timer = ports.clock.after(limits.retentionEveryMs, tick);
    },
    full: () => look(true),
    freed() {
      if (!closed) reserving = reserving.then(makeReserve).catch(note);
    },
    async close() {
      closed = true;
      timer?.cancel();
      await busy;
      await reserving;
    },
  };
}
