/** What of an app's needs is taken as it stands, and is hardly what its author means: told at deployment, refused nowhere. */
import type { AppDocument, FunctionDocument } from "../schema/app.ts";
import type { Tier } from "../schema/tier.ts";
import { timetableOf } from "../run/timetable.ts";
import { hourMs } from "../shifting/job.ts";
import { spanText } from "../span-text.ts";
import { makersOf } from "../policy/lowering.ts";
import { isFor, scheduleOf, tierOf } from "./needs-of-app.ts";

/** Of a cron expression the distances differ: through a week of hours the shortest is seen. */
const timesSeen = 168;

/** One line each, for people. */
export const warningsOfApp = (app: AppDocument): string[] => [...app.functions.flatMap((fn) => [overlapping(fn), otherTier(fn), fn.needs === undefined ? neverHanded(app, `function ${fn.name}`, fn, tierOf(fn)) : undefined]), ...(app.reductions ?? []).map(({ name, on }) => neverHanded(app, `reduction ${name}`, { name, on: { type: on } }, "gateway"))].flatMap((warning) => (warning === undefined ? [] : [warning]));

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

/** What runs on every node of a tier is handed what is made on its own node. */
function neverHanded(app: AppDocument, called: string, fn: Pick<FunctionDocument, "name" | "on">, tier: Tier): string | undefined {
  const makers = makersOf(app).filter(({ name, emits }) => name !== fn.name && Object.keys(emits).some((type) => isFor(fn, type)));
  const from = makers.map(({ name }) => app.functions.find((one) => one.name === name));
  if (from.some((one) => one?.needs !== undefined)) return undefined;
  const tiers = new Set([...from.map((one) => (one === undefined ? "gateway" : tierOf(one))), ...(app.sources.some(({ type }) => isFor(fn, type)) ? ["gateway"] : [])]);
  if (tiers.size === 0 || tiers.has(tier)) return undefined;
  return `${called} runs on every node of tier ${tier}, and is handed what is made on the same node: what it takes is made on tier ${[...tiers].join(", ")} only${called.startsWith("function") ? ". With `needs` it is placed, and handed what comes up" : ""}`;
}

function otherTier({ name, run, needs }: FunctionDocument): string | undefined {
  if (run === undefined || needs?.tiers === undefined || needs.tiers.includes(run.tier)) return undefined;
  return `function ${name} names tier ${run.tier} under \`run\` and ${needs.tiers.join(", ")} under \`needs.tiers\`: the needs decide`;
}
