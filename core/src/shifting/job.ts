/** When one run of a job is done: the hours of least carbon or money between its arrival and its deadline, on the curve of one place. */
import type { EnergyCurve, EnergyKind, Shift, Shifted } from "../schema/energy.ts";
import { spanText } from "../span-text.ts";
import { bestHours } from "./shift.ts";

export const hourMs = 3_600_000;
const dayHours = 24;

export interface ShiftRule {
  readonly hours: number;
  /** By which it may begin later. */
  readonly slackHours: number;
  readonly interruptible: boolean;
  readonly by: EnergyKind;
}

export interface Run {
  readonly arrivesMs: number;
  /** When the run after it is due: it is done by then, slack or not. */
  readonly nextMs: number;
}

export type Curve = Pick<EnergyCurve, "startMs" | "values">;

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** As of `nowMs`, before which nothing runs. Equal inputs make equal hours, on the node as in control. */
export function shiftOf(rule: ShiftRule, { arrivesMs, nextMs }: Run, curve: Curve | undefined, nowMs: number): Shift {
  const deadlineMs = Math.max(arrivesMs + rule.hours * hourMs, Math.min(arrivesMs + (rule.hours + rule.slackHours) * hourMs, nextMs));
  const startMs = Math.max(arrivesMs, nowMs);
  const atOnceWindow = [{ fromMs: arrivesMs, toMs: arrivesMs + rule.hours * hourMs }];
  const slots = Math.floor((deadlineMs - startMs) / hourMs);
  const about = { by: rule.by, arrivesMs, deadlineMs, nextMs };
  const now = [{ fromMs: startMs, toMs: startMs + rule.hours * hourMs }];
  const costs = curve === undefined ? undefined : slotsOf(curve, startMs, Math.max(slots, rule.hours));
  if (curve === undefined || costs === undefined) return { ...about, windows: now, planned: null, atOnce: null, basis: "unknown" };
  const isLate = slots < rule.hours;
  const hours = isLate ? undefined : bestHours(costs, 0, { hours: rule.hours, slack: slots - rule.hours, interruptible: rule.interruptible });
  const windows = hours === undefined ? now : joined(hours.map((hour) => ({ fromMs: startMs + hour * hourMs, toMs: startMs + (hour + 1) * hourMs })));
  const endMs = curve.startMs + curve.values.length * hourMs;
  return { ...about, windows, planned: meanOver(curve, windows) ?? null, atOnce: meanOver(curve, atOnceWindow) ?? null, basis: Math.max(deadlineMs, startMs + rule.hours * hourMs) > endMs ? "repeated" : "curve" };
}

/** Mean by time, beyond the end of the curve by its last day; undefined where a part of it lies before the curve, or the curve holds no day to repeat. */
export function meanOver(curve: Curve, windows: readonly Window[]): number | undefined {
  let [sum, ms] = [0, 0];
  for (const { fromMs, toMs } of windows) {
    for (let at = fromMs; at < toMs; ) {
      const hour = Math.floor((at - curve.startMs) / hourMs);
      const untilMs = Math.min(toMs, curve.startMs + (hour + 1) * hourMs);
      const value = valueAt(curve, hour);
      if (value === undefined) return undefined;
      sum += value * (untilMs - at);
      ms += untilMs - at;
      at = untilMs;
    }
  }
  return ms === 0 ? undefined : sum / ms;
}

/** Means of so many hours from this moment on. */
function slotsOf(curve: Curve, fromMs: number, count: number): Float64Array | undefined {
  const slots = new Float64Array(count);
  for (let slot = 0; slot < count; slot++) {
    const mean = meanOver(curve, [{ fromMs: fromMs + slot * hourMs, toMs: fromMs + (slot + 1) * hourMs }]);
    if (mean === undefined) return undefined;
    slots[slot] = mean;
  }
  return slots;
}

function valueAt({ values }: Curve, hour: number): number | undefined {
  if (hour < 0) return undefined;
  if (hour < values.length) return values[hour];
  return values.length < dayHours ? undefined : values[values.length - dayHours + ((hour - values.length) % dayHours)];
}

function joined(windows: readonly Window[]): Window[] {
  const all: Window[] = [];
  for (const window of windows) {
    const last = all.at(-1);
    if (last !== undefined && last.toMs === window.fromMs) all[all.length - 1] = { fromMs: last.fromMs, toMs: window.toMs };
    else all.push(window);
  }
  return all;
}

/** Without a curve where there is none. */
export const savedPercent = (atOnce: number | null, later: number | null): number | undefined => (atOnce === null || later === null || atOnce === 0 ? undefined : (100 * (atOnce - later)) / Math.abs(atOnce));

/** For people, as in `2027-01-15 02:00 to 04:00 UTC and 06:00 to 07:00 UTC`. */
export function windowsText(windows: readonly Window[]): string {
  let day = "";
  const parts = windows.map(({ fromMs, toMs }) => {
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    const head = from.slice(0, 10) === day ? "" : `${from.slice(0, 10)} `;
    const tail = to.slice(0, 10) === from.slice(0, 10) ? "" : `${to.slice(0, 10)} `;
    day = to.slice(0, 10);
    return `${head}${from.slice(11, 16)} to ${tail}${to.slice(11, 16)}`;
  });
  return `${parts.join(" and ")} UTC`;
}

const unitOf: Readonly<Record<EnergyKind, string>> = { carbon: "g/kWh", price: "a kWh" };
const print = (value: number): string => String(Number(value.toPrecision(4)));

/** What came of a run, in one line of plain words. */
export function doneText({ by, ran, windows, deadlineMs, late, chosenBy, planned, actual, actualAtOnce }: Shifted): string {
  const who = chosenBy === "node" ? ", chosen by the node itself" : "";
  const when = `${windowsText(ran.length === 0 ? windows : ran)}${who}${late ? `, after its deadline of ${new Date(deadlineMs).toISOString().slice(0, 16).replace("T", " ")}` : ""}`;
  if (actual === null || actualAtOnce === null) return `${when}; what it saved is unknown: no curve of ${by} was read after it`;
  const saved = savedPercent(actualAtOnce, actual);
  return `${when}: ${print(actual)} ${unitOf[by]}${planned === null ? "" : ` (planned ${print(planned)})`} instead of ${print(actualAtOnce)} at once${saved === undefined ? "" : `, ${print(saved)} % less`}`;
}

/** One line of plain words. */
export function shiftText(shift: Shift): string {
  const { arrivesMs, deadlineMs, nextMs } = shift;
  // The deadline is never before the run could be done; the next run is.
  return nextMs >= deadlineMs ? hoursText(shift) : `${hoursText(shift)}; the next one is due ${spanText(nextMs - arrivesMs)} after it, before it is done, so it waits for no better hours`;
}

function hoursText({ by, windows, planned, atOnce, basis, arrivesMs, deadlineMs }: Shift): string {
  const at = new Date(arrivesMs).toISOString().slice(0, 16).replace("T", " ");
  if (basis === "unknown" || planned === null || atOnce === null) return `its run of ${at} UTC is done at once, ${windowsText(windows)}: no curve of ${by} is known there`;
  const saved = savedPercent(atOnce, planned);
  const guessed = basis === "repeated" ? ", the hours that nobody knows yet as the day before" : "";
  const deadline = new Date(deadlineMs).toISOString().slice(0, 16).replace("T", " ");
  return `its run of ${at} UTC is done ${windowsText(windows)}, before ${deadline}: ${print(planned)} ${unitOf[by]} instead of ${print(atOnce)} at once${saved === undefined ? "" : `, ${print(saved)} % less`}${guessed}`;
}
