/**
 * Lets go of what a plan names: first the expiries become records and cells, then segments are cleaned or removed. What is said to be gone and still lies
 * on the disk, since the power went or there was no room to copy what stays, is cleaned at the next occasion, and is nothing that could be let go of again.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append, NewRecord } from "@holon/core/log/log.ts";
import type { Expiry, HeldPart } from "@holon/core/log/retention.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Clock, Disk, DiskFile, Timer } from "@holon/core/ports.ts";
import { cleanSegment, removeSegment } from "./clean.ts";
import { heldParts } from "./expired.ts";
import { encodeNumber, expiredCell } from "./expired-cell.ts";
import type { OpenSegment } from "./recover.ts";

export interface LetGoOptions {
  /** The log's own, the newest last. */
  readonly segments: OpenSegment[];
  readonly disk: Disk;
  readonly clock: Clock;
  readonly integrity: Integrity;
  expiredThrough(lane: string): number;
  append(entry: Append): Promise<unknown>;
  /** A file that had no name any more has given its room back. */
  freed?(): void;
  /** A segment is about to change. */
  forget(segment: OpenSegment): Promise<void>;
}

/**
 * What is to go, of parts that are still held, oldest first. `totalBytes`: of the log, what is said to be gone apart. `comingBytes`: of files that have no
 * name any more, and give their room back when nobody reads in them.
 */
export type PlanExpiries = (parts: readonly HeldPart[], totalBytes: number, comingBytes: number) => readonly Expiry[];

export interface LetGo {
  /** Returns what was let go of. Not to be called twice at once. `isUrgent`: the disk is full, so that also little is worth the copying. */
  retain(plan: PlanExpiries, tell: (expiry: Expiry) => NewRecord, isUrgent?: boolean): Promise<readonly Expiry[]>;
  /** Gives back what was kept for those who were reading. */
  close(): Promise<void>;
}

/** Below this share of dead bytes a segment is left as it is: copying would cost more than it frees. */
const worthwhileShare = 0.3;
const urgentShare = 0.05;

export function createLetGo({ segments, disk, clock, integrity, expiredThrough, append, freed, forget }: LetGoOptions): LetGo {
  /** Files of segments that were cleaned: somebody may still be reading them. */
  const retired = new Map<DiskFile, { readonly timer: Timer; readonly bytes: number }>();
  const isGone = (lane: string, last: number): boolean => last <= expiredThrough(lane);

  /** Of sealed segments, by what would stay of them: the smallest need the least room, and make some for the others. */
  async function clean(isUrgent: boolean): Promise<void> {
    const dead = [];
    for (const segment of segments.slice(0, -1)) {
      const parts = await heldParts(segment, integrity);
      const live = parts.filter((part) => !isGone(part.lane, part.lastSequence));
      const liveBytes = live.reduce((sum, part) => sum + part.bytes, 0);
      const isWorthIt = live.length === 0 || liveBytes <= (1 - (isUrgent ? urgentShare : worthwhileShare)) * segment.size;
      if (live.length < parts.length && isWorthIt) dead.push({ segment, liveBytes });
    }
    for (const { segment, liveBytes } of dead.sort((one, other) => one.liveBytes - other.liveBytes)) {
      try {
        await replace(segment, liveBytes > 0);
      } catch (error) {
        if (!(error instanceof HolonError) || error.code !== "HOLON_DISK_FULL") throw error;
        return; // no room for what stays of it, nor for the larger ones
      }
    }
  }

  async function replace(segment: OpenSegment, isLive: boolean): Promise<void> {
    await forget(segment);
    const cleaned = isLive ? [await cleanSegment(disk, segment, isGone, integrity)] : [];
    if (!isLive) await removeSegment(disk, segment);
    retire(segment);
    segments.splice(segments.indexOf(segment), 1, ...cleaned);
  }

  /** The disk has its room back when nobody holds the file open. Who still reads in it is done sooner. */
  function retire({ file, size: bytes }: OpenSegment): void {
    const timer = clock.after(limits.retiredFileMs, () => {
      retired.delete(file);
      file.close().then(freed, () => undefined); // it has no name any more, and nothing in it is wanted
    });
    retired.set(file, { timer, bytes });
  }

  return {
    async retain(plan, tell, isUrgent = false) {
      const parts = (await Promise.all(segments.slice(0, -1).map((segment) => heldParts(segment, integrity)))).flat();
      const dead = parts.filter((part) => isGone(part.lane, part.lastSequence));
      const sum = (sizes: Iterable<{ readonly bytes: number }>): number => [...sizes].reduce((total, { bytes }) => total + bytes, 0);
      const totalBytes = segments.reduce((total, { size }) => total + size, 0) - sum(dead);
      const expiries = plan(parts.filter((part) => !isGone(part.lane, part.lastSequence)), totalBytes, sum(retired.values()));
      if (expiries.length > 0) await append({ records: expiries.map(tell), cells: expiries.map(({ lane, through }) => ({ key: expiredCell(lane), value: encodeNumber(through) })) });
      await clean(isUrgent); // last: copying takes room
      return expiries;
    },
    async close() {
      for (const [file, { timer }] of retired) {
        timer.cancel();
        await file.close();
      }
      retired.clear();
    },
  };
}
