/** When a schedule is due: at equal distances, or as a cron expression says. */
import type { ScheduleTrigger } from "../schema/trigger.ts";
import { cronTimetable } from "./cron.ts";

/** Times are milliseconds since 1970. */
export interface Timetable {
  /** The latest time that is not after this one. */
  latest(nowMs: number): number;
  next(afterMs: number): number;
  /** Times after the first and through the last; of very long spans what the bound allows. */
  count(fromMs: number, toMs: number): number;
}

export const timetableOf = (schedule: ScheduleTrigger["schedule"]): Timetable => ("cron" in schedule ? cronTimetable(schedule.cron, schedule.zone) : intervals(schedule));

function intervals({ everyMs, offsetMs }: { readonly everyMs: number; readonly offsetMs: number }): Timetable {
  const latest = (nowMs: number): number => Math.floor((nowMs - offsetMs) / everyMs) * everyMs + offsetMs;
  return { latest, next: (afterMs) => latest(afterMs) + everyMs, count: (fromMs, toMs) => Math.max(0, Math.round((latest(toMs) - latest(fromMs)) / everyMs)) };
}
