/**
 * Lets one job run in its hours: from when there is work it waits for them, pauses between them where it may, and runs on where they were too few. Its hours are those that control planned for
 * this run; where it told none, as on an island, the node chooses them by the last curve that it knows. What they were and what came is one record, appended with what begins the next wait.
 *
 *     idle ─▶ waits (hours are fixed) ─▶ runs ⇄ pauses ─▶ done
 */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { createClockBelief } from "@holon/core/clock-belief.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { scheduleOf } from "@holon/core/placement/needs-of-app.ts";
import { ruleOf } from "@holon/core/placement/jobs.ts";
import { timetableOf } from "@holon/core/run/timetable.ts";
import type { FunctionDocument } from "@holon/core/schema/app.ts";
import { shiftedEvent, shiftSchema, type EnergyCurve, type EnergyKind, type Shift, type Shifted } from "@holon/core/schema/energy.ts";
import { hourMs, meanOver, shiftOf, type Window } from "@holon/core/shifting/job.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import { scheduleCell } from "../trigger/schedule.ts";

export interface JobGateOptions {
  readonly app: string;
  readonly fn: FunctionDocument;
  readonly log: Pick<Log, "append" | "cell" | "heads">;
  readonly events: Events;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Of control's plan, as far as it is here. */
  planned(unit: string): Shift | undefined;
  curve(kind: EnergyKind): EnergyCurve | undefined;
  /** Reads the curves anew: what a run cost is told by what came. */
  readCurves(): Promise<void>;
  /** It is to go elsewhere: it works off what it has, whatever the hour. */
  isLeaving(unit: string): boolean;
}

export interface JobStatus {
  readonly phase: "idle" | "waits" | "runs" | "pauses";
  /** Of the run that is next, or under way. */
  readonly arrivesMs: number;
  readonly deadlineMs: number | undefined;
  readonly windows: readonly Window[];
  readonly chosenBy: "plan" | "node" | undefined;
}

/** What the gate asks of the unit behind it. */
export interface GatedUnit {
  hasReached(heads: ReadonlyMap<string, number>): boolean;
  committed(): void;
}

export interface JobGate {
  isOpen(): boolean;
  follow(unit: GatedUnit): void;
  /** The plan may have changed, or the unit has handled something. */
  look(): void;
  status(): JobStatus;
  close(): Promise<void>;
}

const windowSchema = z.strictObject({ fromMs: z.number(), toMs: z.number() });
/** `done`: the last run that was; `run`: the one under way. */
const heldSchema = z.strictObject({
  doneMs: z.number(),
  run: z.strictObject({ shift: shiftSchema, chosenBy: z.enum(["plan", "node"]), ran: z.array(windowSchema), openedMs: z.number().nullable(), heads: z.record(z.string(), z.number()).nullable() }).optional(),
});
type Held = z.infer<typeof heldSchema>;

export const jobCell = (unit: string): string => `job/${unit}`;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Intervals that are remembered of a run; what is more is joined to the last. */
const ranMax = 64;

export function createJobGate({ app, fn, log, events, clock, trace, planned, curve, readCurves, isLeaving }: JobGateOptions): JobGate {
  const unit = `${app}/${fn.name}`;
  const rule = fn.needs === undefined ? undefined : ruleOf({ job: fn.needs.job, deferrableHours: fn.needs.deferrableHours ?? 0 });
  const schedule = scheduleOf(fn);
  if (rule === undefined || schedule === undefined) throw new RangeError(`${unit} is a job`);
  const [job, timetable, isTimed] = [rule, timetableOf(schedule), "schedule" in fn.on];
  const isClockBelieved = createClockBelief(clock);
  let held = readHeld();
  let behind: GatedUnit | undefined;
  let timer: Timer | undefined;
  let writing = Promise.resolve();
  let isOpen = false;
  let closed = false;

  function readHeld(): Held {
    const bytes = log.cell(jobCell(unit));
    if (bytes !== undefined) return heldSchema.parse(parseJson(bytes));
    return { doneMs: toldMs() ?? timetable.latest(clock.wall().ms) };
  }

  /** The last time that its trigger has told; what another node told came along with the job. */
  function toldMs(): number | undefined {
    const bytes = isTimed ? log.cell(scheduleCell(app, fn.name)) : undefined;
    return bytes && Number(decoder.decode(bytes));
  }

  /** One step at a time, each on the disk before the next. */
  function look(): void {
    if (closed) return;
    writing = writing.then(step).catch((error: unknown) => {
      trace.note("warn", `job ${unit}: ${toHolonError(error).message}`, { code: toHolonError(error).code });
      if (!closed) timer = clock.after(limits.diskFullRetryMs, look);
    });
  }

  async function step(): Promise<void> {
    if (closed) return;
    timer?.cancel();
    const nowMs = clock.wall().ms;
    if (log.cell(jobCell(unit)) === undefined) await log.append({ cells: [cellOf(held)] });
    await beginAnew(nowMs);
    if (held.run === undefined) await begin(nowMs);
    const { run } = held;
    if (run === undefined) return wait(timetable.next(Math.max(held.doneMs, timetable.latest(nowMs) - 1)) - nowMs);
    const opens = isLeaving(unit) || isHourOf(run.shift, nowMs);
    if (run.heads === null && opens && isThere(run.shift)) run.heads = Object.fromEntries([...log.heads()].map(([name, { mark }]) => [name, mark.sequence]));
    if (run.heads !== null && behind?.hasReached(new Map(Object.entries(run.heads))) === true) return done(nowMs);
    if (opens !== (run.openedMs !== null)) await turn(run, opens, nowMs);
    setOpen(opens);
    wait(nextChangeMs(run.shift, nowMs) - nowMs);
  }

  /** A clock that was set back by more than one time: what was told by it as it was before would hold the job up until then. */
  async function beginAnew(nowMs: number): Promise<void> {
    if (!isClockBelieved()) return; // it begins like this with each start, and is set in a moment
    const dueMs = timetable.latest(nowMs);
    if (timetable.next(dueMs) >= (held.run?.shift.arrivesMs ?? held.doneMs)) return;
    const next: Held = { doneMs: dueMs };
    await log.append({ cells: [cellOf(next)] });
    held = next;
    setOpen(false);
  }

  /** The newest time that has come, if it was not done. Its hours are fixed from here on, through restarts. */
  async function begin(nowMs: number): Promise<void> {
    const arrivesMs = timetable.latest(nowMs);
    if (arrivesMs <= held.doneMs) return;
    const nextMs = timetable.next(arrivesMs);
    const told = planned(unit);
    const isTold = told?.arrivesMs === arrivesMs && told.by === job.by;
    const shift = isTold ? told : shiftOf(job, { arrivesMs, nextMs }, curve(job.by), nowMs);
    const next: Held = { ...held, run: { shift, chosenBy: isTold ? "plan" : "node", ran: [], openedMs: null, heads: null } };
    await log.append({ cells: [cellOf(next)] });
    held = next;
  }

  /** What its trigger tells it is on its way to the disk at that very moment. */
  const isThere = ({ arrivesMs }: Shift): boolean => !isTimed || (toldMs() ?? Number.NEGATIVE_INFINITY) >= arrivesMs;

  async function turn(run: NonNullable<Held["run"]>, opens: boolean, nowMs: number): Promise<void> {
    if (opens) run.openedMs = nowMs;
    else {
      run.ran = withInterval(run.ran, run.openedMs ?? nowMs, nowMs);
      run.openedMs = null;
    }
    await log.append({ cells: [cellOf(held)] });
  }

  function setOpen(now: boolean): void {
    const was = isOpen;
    isOpen = now;
    if (now && !was) behind?.committed();
  }

  async function done(nowMs: number): Promise<void> {
    const { run } = held;
    if (run === undefined) return;
    // What took no time that a clock can tell took its first moment.
    const ran = run.openedMs === null ? run.ran : withInterval(run.ran, run.openedMs, Math.max(nowMs, run.openedMs + 1));
    const { shift } = run;
    await readCurves();
    const data: Shifted = { unit, ...shift, chosenBy: run.chosenBy, ran, doneMs: nowMs, late: nowMs > shift.deadlineMs, ...actualOf(curve(shift.by), shift, ran) };
    const next: Held = { doneMs: shift.arrivesMs };
    await log.append({ records: [events.record({ stream: "audit", type: shiftedEvent, class: "public", producer: "node", subject: unit, data })], cells: [cellOf(next)] });
    held = next;
    setOpen(false);
    look();
  }

  const cellOf = (value: Held) => ({ key: jobCell(unit), value: encoder.encode(canonicalJson(value)) });

  function wait(ms: number): void {
    if (!closed) timer = clock.after(Math.min(Math.max(1, ms), limits.jobLookMs), look);
  }

  look();
  return {
    isOpen: () => isOpen || isLeaving(unit),
    follow(unitBehind) {
      behind = unitBehind;
      look();
    },
    look,
    status() {
      const { run } = held;
      if (run === undefined) return { phase: "idle", arrivesMs: timetable.next(held.doneMs), deadlineMs: undefined, windows: [], chosenBy: undefined };
      return { phase: isOpen ? "runs" : run.ran.length > 0 ? "pauses" : "waits", arrivesMs: run.shift.arrivesMs, deadlineMs: run.shift.deadlineMs, windows: run.shift.windows, chosenBy: run.chosenBy };
    },
    async close() {
      closed = true;
      timer?.cancel();
      await writing;
    },
  };
}

/** After its last hour it runs on: what takes longer than its author said is done all the same. */
function isHourOf({ windows }: Shift, nowMs: number): boolean {
  return windows.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs) || nowMs >= (windows.at(-1)?.toMs ?? Number.NEGATIVE_INFINITY);
}

const nextChangeMs = ({ windows }: Shift, nowMs: number): number => Math.min(...windows.flatMap(({ fromMs, toMs }) => [fromMs, toMs]).filter((ms) => ms > nowMs), nowMs + limits.jobLookMs);

function withInterval(ran: readonly Window[], fromMs: number, toMs: number): Window[] {
  const last = ran.at(-1);
  if (toMs <= fromMs) return [...ran];
  return ran.length < ranMax || last === undefined ? [...ran, { fromMs, toMs }] : [...ran.slice(0, -1), { fromMs: last.fromMs, toMs }];
}

/** Only what was read after the last hour of the run had begun says what it cost. */
function actualOf(curve: EnergyCurve | undefined, { arrivesMs }: Pick<Shift, "arrivesMs">, ran: readonly Window[]): Pick<Shifted, "actual" | "actualAtOnce"> {
  const tookMs = ran.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const lastMs = ran.at(-1)?.toMs ?? 0;
  if (curve === undefined || tookMs === 0 || lastMs > curve.startMs + curve.values.length * hourMs || curve.asOfMs < Math.floor((lastMs - 1 - curve.startMs) / hourMs) * hourMs + curve.startMs) return { actual: null, actualAtOnce: null };
  return { actual: meanOver(curve, ran) ?? null, actualAtOnce: meanOver(curve, [{ fromMs: arrivesMs, toMs: arrivesMs + tookMs }]) ?? null };
}

