/** What of an app's needs is taken as it stands, and is hardly what its author means: told at deployment, refused nowhere. */
import type { AppDocument, FunctionDocument } from "../schema/app.ts";
import { timetableOf } from "../run/timetable.ts";
import { hourMs } from "../shifting/job.ts";
import { spanText } from "../span-text.ts";
import { scheduleOf } from "./needs-of-app.ts";

/** Of a cron expression the distances differ: through a week of hours the shortest is seen. */
const timesSeen = 168;

/** One line each, for people. */
export const warningsOfApp = ({ functions }: Pick<AppDocument, "functions">): string[] => functions.flatMap((fn) => [overlapping(fn), otherTier(fn)].flatMap((warning) => (warning === undefined ? [] : [warning])));

function overlapping(fn: FunctionDocument): string | undefined {
  const schedule = scheduleOf(fn);
  const hours = fn.needs?.job?.hours;
  if (schedule === undefined || hours === undefined) return undefined;
  const { next } = timetableOf(schedule);
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let [at, seen] = [next(0), 0]; seen < timesSeen && shortestMs >= hours * hourMs; seen++) {
    const after = next(at);
    shortestMs = Math.min(shortestMs, after - at);
    at = after;
  }
  if (shortestMs >= hours * hourMs) return undefined;
  return `a run of job ${fn.name} takes ${hours} h, and the next one is due after ${spanText(shortestMs)}: it waits for no better hours, and what comes due meanwhile is worked off together`;
}

function otherTier({ name, run, needs }: FunctionDocument): string | undefined {
  if (run === undefined || needs?.tiers === undefined || needs.tiers.includes(run.tier)) return undefined;
  return `function ${name} names tier ${run.tier} under \`run\` and ${needs.tiers.join(", ")} under \`needs.tiers\`: the needs decide`;
}
