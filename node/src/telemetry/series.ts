/** One metric over time, of all that this node knows or of a part: from the charts that are kept ready, else from the windows in the log. */
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { Lane } from "@holon/core/log/log.ts";
import { metricByName } from "@holon/core/telemetry/catalogue.ts";
import type { FleetView, Now } from "@holon/core/telemetry/fleet-view.ts";
import type { createHistory, History } from "@holon/core/telemetry/history.ts";
import type { Series, SeriesQuery } from "@holon/core/telemetry/series.ts";
import { windowSchema, windowType, type Window } from "@holon/core/telemetry/window.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { chosen, nobodyFits, wholeFleet } from "./chosen.ts";
import { hourMs, hourOff, hoursOff } from "./clock-hours.ts";
import { windowHere } from "./follow.ts";

export interface SeriesOptions {
  readonly log: Pick<SegmentLog, "find" | "origin">;
  readonly view: FleetView;
  /** Of this node. */
  readonly site: string;
  /** Charts of all that is known, in fine and in coarse steps. */
  readonly kept: { readonly fine: History; readonly coarse: History };
  readonly makeHistory: typeof createHistory;
  now(): Now;
  /** Windows of this node that wait for the end of an outage. */
  held(): readonly Window[];
  /** What the log holds was read. */
  ready(): Promise<void>;
}

/** `HOLON_ARGUMENT_BAD` for a metric that is none, or a span that is too long; `HOLON_NODE_UNKNOWN` where nobody of whom it is asked is known. */
export function createSeries({ log, view, site: ownSite, kept: { fine, coarse }, makeHistory, now, held, ready }: SeriesOptions): (query: SeriesQuery) => Promise<Series> {
  const self = log.origin;

  async function read(query: SeriesQuery, fromMs: number): Promise<readonly { readonly node: string; readonly window: Window }[]> {
    const accepts = (lane: Lane): boolean => lane.stream === "telemetry" && lane.branch === undefined && chosen(query)(lane.origin, view.siteOf(lane.origin) ?? "");
    // Records are found by the clocks of their nodes: those that are off by about as much are looked for together, so that one at 1970 makes nobody read all that there is.
    const hours = new Set([0, ...view.nodes().filter((node) => chosen(query)(node, view.siteOf(node) ?? "")).flatMap((node) => hoursOff(view, node))]);
    const found = [];
    for (const hour of hours) {
      const of = (lane: Lane): boolean => accepts(lane) && hoursOff(view, lane.origin).includes(hour);
      const told = await log.find({ accepts: of, type: windowType, sinceMs: fromMs + (hour - 0.5) * hourMs, limit: limits.telemetryWindowsReadMax });
      found.push(...told.filter(({ record, event }) => hourOff(view, record, event.time) === hour));
    }
    if (found.length >= limits.telemetryWindowsReadMax) throw new HolonError("HOLON_ARGUMENT_BAD", `more than ${limits.telemetryWindowsReadMax} windows would have to be read for this`, { next: "Ask for a shorter time, or for fewer nodes." });
    const windows = found.flatMap(({ record, event }) => {
      const told = windowSchema.safeParse(event.data);
      return told.success ? [{ node: record.origin as string, window: windowHere(view, record.origin, told.data, record.epoch) }] : [];
    });
    const own = chosen(query)(self, ownSite) ? held().map((window) => ({ node: self as string, window })) : [];
    return [...windows, ...own];
  }

  /** Charts of all that is known are kept ready. */
  function keptFor(fromMs: number, stepMs: number, nowMs: number): History | undefined {
    if (stepMs % limits.telemetryFineStepMs === 0 && fromMs >= nowMs - limits.telemetryFineSteps * limits.telemetryFineStepMs) return fine;
    return stepMs % limits.telemetryCoarseMs === 0 ? coarse : undefined;
  }

  return async (query) => {
    await ready();
    const metric = metricByName.get(query.name);
    if (metric === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${query.name} is no metric of a node`, { next: "GET /v1/metrics names them." });
    const time = now();
    const toMs = query.to === undefined ? time.wallMs : Date.parse(query.to);
    const fromMs = query.from === undefined ? toMs - 3_600_000 : Date.parse(query.from);
    const stepMs = query.stepMs ?? Math.max(limits.telemetryFineStepMs, Math.ceil((toMs - fromMs) / 120 / limits.telemetryFineStepMs) * limits.telemetryFineStepMs);
    if (!(fromMs < toMs) || (toMs - fromMs) / stepMs > limits.telemetryPointsMax) throw new HolonError("HOLON_ARGUMENT_BAD", `from ${isoTime(fromMs)} to ${isoTime(toMs)} in steps of ${stepMs} ms is not 1 to ${limits.telemetryPointsMax} points`);
    const accepts = chosen(query);
    if (!view.nodes().some((node) => accepts(node, view.siteOf(node) ?? ""))) throw nobodyFits(query, view.completeness(time));
    const answer = { ...(query.node === undefined && query.site === undefined ? view.completeness(time) : view.completeness(time, accepts)), name: metric.name, unit: metric.unit, kind: metric.kind, stepMs };
    const of = (history: History, nodes?: readonly string[]) => history.query({ metric, fromMs, toMs, stepMs, byAttributes: query.by === "attributes", nowMs: time.wallMs, expected: view.expecting(time, nodes) });
    const kept = wholeFleet(query) ? keptFor(fromMs, stepMs, time.wallMs) : undefined;
    if (kept !== undefined) return { ...answer, series: of(kept).map(({ labels, points }) => ({ labels: { ...labels }, points: [...points] })) };
    interface Group { readonly labels: Record<string, string>; readonly history: History; readonly nodes: string[] }
    const groups = new Map<string, Group>();
    const groupOf = (node: string): Group => {
      const site = view.siteOf(node) ?? "";
      const label: Record<string, string> = query.by === "node" ? { node } : query.by === "site" ? { site } : {};
      const name = query.by === "node" ? node : query.by === "site" ? site : "";
      const group = groups.get(name) ?? { labels: label, history: makeHistory(Math.min(stepMs, limits.telemetryFineStepMs)), nodes: [] };
      groups.set(name, group);
      return group;
    };
    for (const node of view.nodes()) if (accepts(node, view.siteOf(node) ?? "")) groupOf(node).nodes.push(node);
    if (groups.size * ((toMs - fromMs) / stepMs) > limits.telemetryWindowsReadMax) throw new HolonError("HOLON_ARGUMENT_BAD", `${groups.size} lines are too many points`, { next: "Ask for longer steps, or for one node or site." });
    for (const { node, window: told } of await read(query, fromMs)) groupOf(node).history.add(node, told, view.lateAt(node, told), time.wallMs);
    return { ...answer, series: [...groups.values()].flatMap((group) => of(group.history, group.nodes).map(({ labels, points }) => ({ labels: { ...group.labels, ...labels }, points: [...points] }))) };
  };
}
