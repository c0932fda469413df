/** Which run of a job is to be planned: the one that is under way until it is told as done or its time is over, else the next. */
import type { FunctionDocument } from "@holon/core/schema/app.ts";
import type { UnitNeeds } from "@holon/core/schema/needs.ts";
import { scheduleOf } from "@holon/core/placement/needs-of-app.ts";
import { timetableOf } from "@holon/core/run/timetable.ts";
import { hourMs } from "@holon/core/shifting/job.ts";
import type { EnergyState } from "../store/energy.ts";

/** `deployedMs`: what was due before that was never its own. */
export function nextRun(fn: FunctionDocument | undefined, unit: string, { done }: EnergyState, deployedMs: number, nowMs: number): UnitNeeds["run"] {
  const schedule = fn === undefined ? undefined : scheduleOf(fn);
  if (fn?.needs?.job === undefined || schedule === undefined) return undefined;
  const timetable = timetableOf(schedule);
  const latestMs = timetable.latest(nowMs);
  const afterMs = timetable.next(latestMs);
  const slackMs = ((fn.needs.deferrableHours ?? 0) + fn.needs.job.hours) * hourMs;
  const isUnderWay = latestMs > (done.get(unit) ?? Number.NEGATIVE_INFINITY) && latestMs > deployedMs && nowMs < Math.min(latestMs + slackMs, afterMs);
  return isUnderWay ? { arrivesMs: latestMs, nextMs: afterMs } : { arrivesMs: afterMs, nextMs: timetable.next(afterMs) };
}

/** When another run of one of these is to be planned, if nothing happens until then. */
export function plannedUntilMs(units: readonly Pick<UnitNeeds, "job" | "run" | "deferrableHours">[]): number {
  return Math.min(...units.flatMap(({ job, run, deferrableHours }) => (job === undefined || run === undefined ? [] : [Math.min(run.nextMs, run.arrivesMs + (job.hours + deferrableHours) * hourMs)])));
}
