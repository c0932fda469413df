/** Jobs that are shifted: each run is done once, in time, where it may be; and what is told of it is what the true curve says. It shares no code with what shifts. */
import type { DoneRun } from "@holon/control/store/energy.ts";

export interface ExpectedJob {
  readonly unit: string;
  readonly hours: number;
  readonly slackHours: number;
  readonly interruptible: boolean;
  readonly by: "carbon" | "price";
  /** Nodes that may run it. */
  readonly nodes: readonly string[];
  /** Its function tells each time that it ran; else only what control was told is known of it. */
  readonly tells: boolean;
}

export interface JobsSeen {
  readonly runs: readonly DoneRun[];
  /** Of functions that tell each time: unit, when it was due, and where. */
  readonly told: readonly { readonly unit: string; readonly dueMs: number; readonly node: string }[];
  /** Times at which every job is due, all of them over. */
  readonly due: readonly number[];
  readonly everyMs: number;
  /** What a node's electricity was at a moment. */
  truth(node: string, kind: "carbon" | "price", ms: number): number;
}

const hourMs = 3_600_000;
/** What a step of the node may take. */
const graceMs = 120_000;

export function checkShifted(jobs: readonly ExpectedJob[], seen: JobsSeen): readonly string[] {
  const violations: string[] = [];
  for (const job of jobs) for (const dueMs of seen.due) violations.push(...checkRun(job, dueMs, seen));
  return violations.length > shown ? [...violations.slice(0, shown), `and ${violations.length - shown} more`] : violations;
}

const shown = 8;

function checkRun(job: ExpectedJob, dueMs: number, seen: JobsSeen): readonly string[] {
  const about = `${job.unit}, due ${new Date(dueMs).toISOString()}`;
  const runs = seen.runs.filter(({ unit, arrivesMs }) => unit === job.unit && arrivesMs === dueMs);
  const [run] = runs;
  if (run === undefined) return [`${about}, was never done`];
  const violations: string[] = [];
  if (runs.length > 1) violations.push(`${about}, was done ${runs.length} times`);
  const told = seen.told.filter((one) => one.unit === job.unit && one.dueMs === dueMs);
  if (job.tells && told.length === 0) violations.push(`${about}, is told as done and never ran`);
  if (told.length > 1) violations.push(`${about}, ran twice: on ${told.map(({ node }) => node).join(" and ")}`);
  if (!job.nodes.includes(run.node) || told.some(({ node }) => !job.nodes.includes(node))) violations.push(`${about}, ran on ${run.node}, where it may not`);
  const deadlineMs = Math.min(dueMs + (job.hours + job.slackHours) * hourMs, dueMs + seen.everyMs);
  if (run.doneMs > deadlineMs + graceMs) violations.push(`${about}, was done ${Math.round((run.doneMs - deadlineMs) / 1_000)} s after its deadline`);
  if (run.ran.some(({ fromMs }) => fromMs < dueMs - graceMs)) violations.push(`${about}, began before it was due`);
  violations.push(...checkHours(about, job, dueMs, deadlineMs, run), ...checkFigures(about, job, run, seen));
  return violations;
}

/** What was planned is as long as the job, and lies within its time. */
function checkHours(about: string, { hours, interruptible }: ExpectedJob, dueMs: number, deadlineMs: number, { windows }: DoneRun): readonly string[] {
  const total = windows.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return [
    ...(Math.abs(total - hours * hourMs) > 1 ? [`${about}: ${total / hourMs} hours are planned of ${hours}`] : []),
    ...(windows.some(({ fromMs, toMs }) => fromMs < dueMs || toMs > deadlineMs + 1) ? [`${about}: its hours lie outside of its time`] : []),
    ...(!interruptible && windows.length > 1 ? [`${about}: it is planned in pieces`] : []),
  ];
}

/** Means by the true curve, minute by minute. */
function checkFigures(about: string, { by }: ExpectedJob, { actual, actualAtOnce, ran, arrivesMs, node }: DoneRun, { truth }: JobsSeen): readonly string[] {
  if (actual === null || actualAtOnce === null) return [];
  const tookMs = ran.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const mean = (windows: DoneRun["ran"]): number => {
    let [sum, ms] = [0, 0];
    for (const { fromMs, toMs } of windows) {
      for (let at = fromMs; at < toMs; ) {
        const until = Math.min(toMs, (Math.floor(at / hourMs) + 1) * hourMs);
        sum += truth(node, by, at) * (until - at);
        ms += until - at;
        at = until;
      }
    }
    return sum / ms;
  };
  const differs = (told: number, windows: DoneRun["ran"]): boolean => Math.abs(told - mean(windows)) > 1e-6 * Math.max(1, Math.abs(told));
  return [
    ...(differs(actual, ran) ? [`${about}: ${actual} is told, and it was ${mean(ran)}`] : []),
    ...(differs(actualAtOnce, [{ fromMs: arrivesMs, toMs: arrivesMs + tookMs }]) ? [`${about}: ${actualAtOnce} at once is told, and it was ${mean([{ fromMs: arrivesMs, toMs: arrivesMs + tookMs }])}`] : []),
  ];
}
