/** Ticks for one function: an event at each time of its schedule, once, through restarts. */
import { createClockBelief } from "@holon/core/clock-belief.ts";
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { timetableOf } from "@holon/core/run/timetable.ts";
import { tickType } from "@holon/core/run/trigger-events.ts";
import type { ScheduleTrigger } from "@holon/core/schema/trigger.ts";
import type { Events } from "../event/events.ts";

export const scheduleCell = (app: string, fn: string): string => `schedule/${app}/${fn}`;

export interface Schedule {
  /** Resolves when nothing of it is on its way to the disk. */
  close(): Promise<void>;
}

export interface ScheduleContext {
  readonly app: string;
  readonly log: Pick<Log, "append" | "cell">;
  readonly events: Events;
  readonly clock: Clock;
  readonly trace: Trace;
}

/** How long a wall clock that was set is not noticed, at most. */
const lookAgainMs = 60_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The last time that was told is stored with its tick. After a stop the latest of the times that passed is told, with how many were
 * missed before it. A clock that was set back by more than one time begins anew at the time that it shows, once it is to be believed: a machine without one of its own begins with each start on some
 * other day, and is set in a moment.
 */
export function openSchedule(fn: string, schedule: ScheduleTrigger["schedule"], { app, log, events, clock, trace }: ScheduleContext): Schedule {
  const cell = scheduleCell(app, fn);
  const timetable = timetableOf(schedule);
  const isClockBelieved = createClockBelief(clock);
  const stored = log.cell(cell);
  let toldMs = stored === undefined ? timetable.latest(clock.wall().ms) : Number(decoder.decode(stored));
  let timer: Timer | undefined;
  let telling: Promise<void> = Promise.resolve();
  let closed = false;

  function look(): void {
    if (closed) return;
    const nowMs = clock.wall().ms;
    const dueMs = timetable.latest(nowMs);
    if (isClockBelieved() && timetable.next(dueMs) < toldMs) toldMs = dueMs;
    if (dueMs > toldMs) telling = tell(dueMs);
    else wait();
  }

  function wait(): void {
    if (closed) return;
    const nowMs = clock.wall().ms;
    const leftMs = timetable.next(Math.max(toldMs, nowMs)) - nowMs;
    timer = clock.after(Math.min(Math.max(1, leftMs), lookAgainMs), look);
  }

  async function tell(dueMs: number): Promise<void> {
    const missed = Math.max(0, timetable.count(toldMs, dueMs) - 1);
    const record = events.record({ stream: "local", type: tickType(app, fn), class: "public", producer: `${app}/${fn}`, timeMs: dueMs, data: { dueMs, missed } });
    try {
      await log.append({ records: [record], cells: [{ key: cell, value: encoder.encode(String(dueMs)) }] });
      toldMs = dueMs;
      wait();
    } catch (error) {
      if (closed) return;
      const { code, message } = toHolonError(error);
      trace.note("warn", `schedule of ${app}/${fn}: ${message}`, { code });
      timer = clock.after(limits.diskFullRetryMs, look); // it is due still, and told when there is room
    }
  }

  look();
  return {
    async close() {
      closed = true;
      timer?.cancel();
      await telling;
    },
  };
}
