/**
 * What nodes say of when something was, by the clock here. Each says it by its own, which may be hours or decades off, and may have been another in the run in which it said so; who reads it has one clock.
 * A time that is still to come here is of a clock of which too little is known: then it is now at the latest.
 */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { nodeReportSchema, type NodeReport } from "@holon/core/schema/node-report.ts";
import type { Clock } from "@holon/core/ports.ts";

export interface TimesHere {
  /** How far the node's clock was ahead in that run of it. */
  offMs(node: string, epoch?: string): number;
  /** A time of a node's clock in that run of it; without a run, in the newest. */
  ms(node: string, atMs: number, epoch?: string): number;
  text(node: string, at: string, epoch?: string): string;
  report(node: string, report: NodeReport, epoch?: string): NodeReport;
  /** What a node answers of itself at this moment: when it measured what, when it adopted, since when it holds something back. */
  status(node: string, status: Readonly<Record<string, unknown>>): unknown;
}

/** `here` as a view of the fleet has it: undefined where nobody keeps one. */
export function createTimesHere({ clock, here = (_, atMs) => atMs }: { readonly clock: Pick<Clock, "wall">; readonly here?: ((node: string, atMs: number, epoch?: string) => number) | undefined }): TimesHere {
  const ms: TimesHere["ms"] = (node, atMs, epoch) => Math.min(here(node, atMs, epoch), clock.wall().ms);

  const offMs: TimesHere["offMs"] = (node, epoch) => -here(node, 0, epoch);

  return {
    offMs,
    ms,
    text(node, at, epoch) {
      const atMs = Date.parse(at);
      const hereMs = ms(node, atMs, epoch);
      return !Number.isFinite(atMs) || hereMs === atMs ? at : isoTime(hereMs);
    },
    report: (node, report, epoch) => (offMs(node, epoch) === 0 ? report : nodeReportSchema.parse(moved(report, (atMs) => ms(node, atMs, epoch)))),
    status(node, status) {
      const aheadMs = offMs(node);
      if (aheadMs === 0) return status;
      const [wallMs, upMs] = [Number(status["wallMs"]), Number(status["upMs"])];
      // What it says of before this run of it was said by another clock, perhaps by the right one.
      const isOfRun = (atMs: number): boolean => !(atMs < wallMs - upMs - startSlackMs) && !(atMs > wallMs + startSlackMs);
      return moved(status, (atMs) => (isOfRun(atMs) ? ms(node, atMs) : Math.min(atMs, clock.wall().ms)), (atMs) => atMs - aheadMs);
    },
  };
}

/** A node reads its clock a little before it says since when it is up. */
const startSlackMs = 60_000;
/** Of all that nodes tell these alone are times; what lasted or is to come has other names, `sinceMs` of a link among them. */
const pastTimes: ReadonlySet<string> = new Set(["asOfMs", "atMs"]);
const otherTimes: ReadonlySet<string> = new Set(["wallMs", "fromMs", "toMs", "arrivesMs", "deadlineMs"]);
const textTimes: ReadonlySet<string> = new Set(["since", "at", "firstAsideAt"]);
const heldUnder = "held";

/** The same with its times moved, however deep they stand. `ahead`: times that may be to come. */
function moved(value: unknown, past: (atMs: number) => number, ahead: (atMs: number) => number = past, key = "", under = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => moved(one, past, ahead, key, under));
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, moved(one, past, ahead, name, key)]));
  if (typeof value === "string" && textTimes.has(key) && Number.isFinite(Date.parse(value))) return isoTime(past(Date.parse(value)));
  if (typeof value !== "number") return value;
  return pastTimes.has(key) || (key === "sinceMs" && under === heldUnder) ? past(value) : otherTimes.has(key) ? ahead(value) : value;
}
