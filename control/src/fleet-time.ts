/**
 * The time by which what was given for a while ends: tokens, invitations, approvals. A clock that is right is believed. One that nobody set may stand in the past after a start, or run
 * ahead for a moment: then time is what was known of it last, counted on from there; a clock that is ahead of that counts for as long as it is, and leaves nothing behind.
 *
 *     wall clock synced   ─▶ the wall clock, and what is known follows it
 *     not                 ─▶ the later of the wall clock and of what is known, counted on by the monotonic clock; at a start a wall clock that is ahead is what is known from then on, but by no more than a year
 */
import { showEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import { z } from "zod";

export interface FleetTime {
  nowMs(): number;
  /** What is known of it, to be kept with an append that changes something that ends. */
  cell(): CellChange;
}

const cellName = "time/known";
const encoder = new TextEncoder();

/** Begins with what was kept of the time of before; where nothing was, with what the last records of control's own trail say. */
export async function openFleetTime({ log, clock }: { readonly log: Log; readonly clock: Clock }): Promise<FleetTime> {
  const { ms, state } = clock.wall();
  const before = keptIn(log) ?? (await lastRecordedMs(log));
  const isLikely = ms > before && (before === 0 || ms - before <= limits.fleetTimeLeapMsMax);
  let known = { ms: state === "synced" || isLikely ? ms : before, atMs: clock.monotonicMs() };
  const countedMs = (): number => known.ms + (clock.monotonicMs() - known.atMs);
  return {
    nowMs() {
      const wall = clock.wall();
      if (wall.state === "synced") known = { ms: wall.ms, atMs: clock.monotonicMs() };
      return Math.max(wall.ms, countedMs());
    },
    cell: () => ({ key: cellName, value: encoder.encode(JSON.stringify(Math.floor(countedMs()))) }),
  };
}

function keptIn(log: Log): number | undefined {
  const bytes = log.cell(cellName);
  return bytes && z.number().parse(parseJson(bytes));
}

async function lastRecordedMs(log: Log): Promise<number> {
  const lane = { origin: log.origin, stream: "audit" } as const;
  const last = log.head(lane)?.sequence ?? 0;
  const records = await log.read(lane, Math.max(1, last - lookedAt + 1), { maxRecords: lookedAt, maxBytes: limits.linkBatchBytesMax });
  return records.reduce((latest, record) => Math.max(latest, Date.parse(showEvent(record).recordedtime)), 0);
}

/** The first of a life are of this clock already. */
const lookedAt = 100;
