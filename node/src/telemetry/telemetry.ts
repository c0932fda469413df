/**
 * The telemetry of one node: it measures itself into its log, and knows of all whose telemetry its log holds. What it answers needs no uplink.
 *
 *     sample ─▶ recorder ─▶ log ─▶ link ─▶ parent's log ─▶ its follower ─▶ its view and charts
 *                  └──────▶ own view and charts
 */
import type { Account } from "@holon/core/api/account.ts";
import { completenessOf } from "@holon/core/alert/row-completeness.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Lane, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Collector, Crypto, HostStats, Identity, Notifier, Random, Timer, Trace } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { ObjectiveList } from "@holon/core/alert/objective-row.ts";
import { pageOfAlerts, type AlertList, type AlertQuery } from "@holon/core/telemetry/alert.ts";
import { createFleetView, type FleetView, type Now } from "@holon/core/telemetry/fleet-view.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import type { FleetQuery, FleetRow, FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { createHistory } from "@holon/core/telemetry/history.ts";
import { createSlices } from "@holon/core/slice.ts";
import { functionKeys } from "@holon/core/telemetry/key.ts";
import type { Series, SeriesQuery } from "@holon/core/telemetry/series.ts";
import type { Trace as TraceOfEvent, TraceQuery } from "@holon/core/telemetry/trace.ts";
import { isThinned } from "@holon/core/telemetry/trace-thinning.ts";
import type { thin } from "@holon/core/telemetry/thinning.ts";
import type { Window } from "@holon/core/telemetry/window.ts";
import { createAlerts, type AlertParts, type Alerts } from "../alert/alerts.ts";
import type { Events } from "../event/events.ts";
import type { CallHandler } from "../link/calls.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import type { MeterRow } from "../meter/meter.ts";
import type { NodeStatus } from "../node.ts";
import { figuresOf } from "./chosen.ts";
import { createChildren } from "./children.ts";
import { createClockBook } from "./clock-book.ts";
import { createElsewhere } from "./elsewhere.ts";
import { createFollower, resumedType, stoppedType, type Follower } from "./follow.ts";
import { createAges } from "./ages.ts";
import { lastWordMs } from "./last-word.ts";
import { childCell, createLinkNews, leftCell, leftIn, linkNewsType, missedAfter } from "./link-news.ts";
import { createLeftBelow } from "./left-below.ts";
import { createHeldSpans } from "./held-spans.ts";
import { isNewer } from "./newer.ts";
import { createOtlpIn, type OtlpIn } from "./otlp-in.ts";
import { createOtlpOut, type OtlpOut } from "./otlp-out.ts";
import { createReadFirst } from "./read-first.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { findTrace } from "./traces.ts";
import { createSeries } from "./series.ts";
import { sampleOf } from "./sample.ts";

export interface TelemetryOptions {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace; readonly host?: HostStats; readonly identity?: Pick<Identity, "revocations" | "revocationsVersion"> | undefined; readonly collector?: Collector; readonly notifier?: Notifier | undefined; readonly random: Random; readonly crypto: Crypto };
  status(): NodeStatus;
  metered(): readonly MeterRow[];
  /** How far the node above has what is here, by lane; undefined where none is above. */
  received(): ReadonlyMap<string, number> | undefined;
  /** When anything was heard last, monotonic, of who is connected from below, or was given up for silence; undefined of who ended its link. */
  heardMs(node: string): number | undefined;
  /** Asks a node that is connected from below. */
  ask(to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** Asks the node above; undefined where none is connected. */
  askAbove(method: string, parameters: unknown, deadlineMs: number): Promise<unknown> | undefined;
  readonly handlers: Map<string, CallHandler>;
  readonly guard: Pick<Guard, "mayExport" | "stays" | "towards" | "inForce">;
  /** For tests of the checkers. */
  readonly thin?: typeof thin | undefined;
  readonly fleetView?: typeof createFleetView | undefined;
  readonly history?: typeof createHistory | undefined;
  readonly alerting?: AlertParts | undefined;
}

/** Newest figures of one node, and its running totals since this start. */
interface Latest {
  window: Window;
  readonly totals: Map<string, number>;
}

export interface Telemetry {
  /** Name of this node. */
  readonly self: string;
  start(): Promise<void>;
  committed(lanes: readonly Lane[], cells: readonly string[]): void;
  /** The uplink may have opened or been lost. */
  uplinkChanged(): void;
  /** Who is connected from below. */
  childrenChanged(connected: readonly string[], beside: readonly string[]): void;
  inferred(app: string, fn: string, milliseconds: readonly number[]): void;
  /** Events were handled; the oldest of them was recorded then. */
  handled(app: string, fn: string, events: number, recordedMs: number | undefined): void;
  now(): Now;
  readonly view: FleetView;
  /** How far a node's clock is ahead of what it should be, be the one here right or wrong. */
  clockWrongBy(node: string): number | undefined;
  fleet(query: FleetQuery): Promise<FleetStatus>;
  /** How one node stands; undefined where nothing here says that it belongs. */
  standing(node: string): Promise<FleetRow | undefined>;
  /** What every answer of this node says of itself, about all that it knows or one of them; how much is known only once what the log holds was read. */
  account(of?: string): Account;
  /** `HOLON_ARGUMENT_BAD` for a metric that is none, or a span that is too long; `HOLON_NODE_UNKNOWN` where nobody of whom it is asked is known. */
  series(query: SeriesQuery): Promise<Series>;
  /** The way of one event, as far as this node knows it. `HOLON_TRACE_UNKNOWN`. */
  trace(id: string, query: TraceQuery): Promise<TraceOfEvent>;
  /** Whether steps of a trace wait for the end of the outage, since the uplink has been closed for long. */
  isThinned(traceId: string): boolean;
  /** Of this node at this moment. */
  top(): Promise<{ readonly node: string; readonly asOf: string; readonly held: number; readonly figures: Pick<Window, "sums" | "gauges" | "durations"> }>;
  latest(node: string): Readonly<{ window: Window; totals: ReadonlyMap<string, number> }> | undefined;
  /** Of what this node knows. */
  alerts(query: AlertQuery): Promise<AlertList>;
  objectives(): Promise<ObjectiveList>;
  readonly alerting: Pick<Alerts, "routes" | "acknowledge" | "silence" | "unsilence" | "silences">;
  readonly take: OtlpIn["take"];
  /** To the collector, where there is one. */
  exporting(): ExportStatus | undefined;
  flush(): Promise<void>;
  /** The node stops in order, and says so. */
  close(): Promise<void>;
}

const endedCell = "telemetry/ended";
const baseCell = "telemetry/base";
const encoder = new TextEncoder();
const inferenceKey = functionKeys("holon.inference.duration");
const durationKey = functionKeys("holon.function.duration");

export function createTelemetry(options: TelemetryOptions): Telemetry | undefined {
  const { config, log, events, ports, history: makeHistory = createHistory } = options;
  const settings = config.telemetry;
  if (settings === undefined) return undefined;
  const { clock } = ports;
  const self = log.origin;
  const hasRun = log.cell(baseCell) !== undefined;
  const view = (options.fleetView ?? createFleetView)(self);
  const fine = makeHistory(limits.telemetryFineStepMs, limits.telemetryFineSteps);
  const coarse = makeHistory(limits.telemetryCoarseMs, limits.telemetryCoarseSteps);
  const latest = new Map<string, Latest>();
  let incidentMs: number | undefined;
  let wasOpen: boolean | undefined;
  /** A start that fails before that is no run: nothing is written of it. */
  let hasStarted = false;
  let retry: Timer | undefined;
  const children = createChildren(self, view, options.heardMs);

  const now = (): Now => {
    const { ms, state } = clock.wall();
    return { wallMs: ms, monotonicMs: clock.monotonicMs(), clock: state };
  };
  /** Before anybody is told how it stands. */
  function fresh(): void {
    const time = now();
    view.heard(self, time);
    children.look(time);
    if (first.isReady) left.look();
  }
  const failed = (error: unknown): void => ports.trace.note("warn", `telemetry: ${error instanceof Error ? error.message : String(error)}`);
  const say = (type: string, data: unknown): NewRecord => events.record({ stream: "telemetry", type, class: "public", producer: "telemetry", data });
  const append = (records: readonly NewRecord[], cells: readonly CellChange[] = []): Promise<unknown> => log.append({ records, cells }).catch(failed);

  function chart(node: string, told: Window, lateAtMs: number | undefined): void {
    const nowMs = clock.wall().ms;
    fine.add(node, told, lateAtMs, nowMs);
    coarse.add(node, told, lateAtMs, nowMs);
    const before = latest.get(node);
    const totals = before?.totals ?? new Map<string, number>();
    for (const [key, sum] of Object.entries(told.sums)) totals.set(key, (totals.get(key) ?? 0) + sum);
    if (before === undefined || isNewer(told, before.window, nowMs)) latest.set(node, { window: told, totals });
  }

  function window(node: string, told: Window, lateAtMs: number | undefined): void {
    chart(node, told, lateAtMs);
    alerts.window(node, view.siteOf(node) ?? "", told);
  }

  function ownNow(told: Window): void {
    chart(self, told, undefined);
    first.own(told);
  }

  const recorder: Recorder = createRecorder({
    settings, log, events, ports,
    thin: options.thin,
    sample: async () => sampleOf({ log, host: ports.host, status: options.status, metered: options.metered, held: () => recorder.held().length, ages, judged: await alerts.judged() }),
    incident: () => incidentMs,
    budget: () => options.status().uplink?.budget.bytesPerHour,
    closed(told) {
      view.told(self, told, now(), false);
      ownNow(told);
    },
  });
  const follower: Follower = createFollower({ log, view, ports, window, ownWindow: (told) => window(self, told, undefined), acknowledged: (told) => alerts.acknowledged(told), clocks: (...heard) => clockBook.heard(...heard), tellers: () => clockBook.tellers(), linked: (node, up, atMs) => left.linked(node, up, atMs) });
  const first = createReadFirst({ clock, read: follower.caughtUp, count: (told) => alerts.window(self, view.siteOf(self) ?? "", told), failed });
  const left = createLeftBelow({ isRoot: config.parent === undefined, log, view, identity: ports.identity, clock, append: (cells) => void append([], cells) });
  const news = createLinkNews({ clock, events, heardMs: options.heardMs, append: (records, cells) => void append(records, cells), told: children.changed });
  const elsewhere = createElsewhere({ clock, view, handlers: options.handlers, now, ready: first.ready, askAbove: options.askAbove, left: leftHere });

  const clockBook = createClockBook({ clock, log, view, ask: options.ask, isReady: () => first.isReady, append: (cells) => void append([], cells), tell: (node, offMs, epoch) => void append([say(linkNewsType, { links: [], clocks: [{ node, offMs, ...(epoch === undefined ? {} : { epoch }) }] })]) });

  const heldSpans = createHeldSpans({ log, events, ports, fullMs: settings.fullMs });
  const otlp = createOtlpIn({ settings, log, events, guard: options.guard });
  let out: OtlpOut | undefined;
  const ages = createAges(clock, self);
  /** Of the status that they were made from. */
  let judged: { readonly of: FleetStatus; readonly list: ObjectiveList } | undefined;
  let seen: { readonly status: FleetStatus; readonly atMs: number } | undefined;
  /** Every row of a large fleet costs: it is looked at anew every few seconds. */
  const status = (): FleetStatus => {
    if (seen !== undefined && seen.status.nodes.length > limits.telemetryManyNodes && clock.monotonicMs() - seen.atMs < limits.telemetryManyMs) return seen.status;
    fresh();
    seen = { status: view.status({ limit: limits.planNodesMax }, now()), atMs: clock.monotonicMs() };
    return seen.status;
  };
  const slices = createSlices(clock);
  /** The same, and of a large fleet with others let in between: who asks meanwhile is answered from the one before. */
  async function looked(): Promise<FleetStatus> {
    if (view.nodes().length <= limits.telemetryManyNodes) return status();
    fresh();
    const time = now();
    const nodes: FleetStatus["nodes"] = [];
    slices.begin();
    for (let after: string | undefined; ; ) {
      const page = view.rows({ limit: limits.telemetryLookAtOnce, ...(after === undefined ? {} : { after }) }, time);
      nodes.push(...page.nodes);
      if (page.next === null) {
        const completeness = completenessOf(nodes, time.wallMs, limits.telemetryMissingMax);
        view.found(completeness, time);
        const whole: FleetStatus = { asOf: isoTime(time.wallMs), clock: view.clockHere(time), completeness, nodes, next: null };
        seen = { status: whole, atMs: clock.monotonicMs() };
        return whole;
      }
      after = page.next;
      await slices.rest();
    }
  }
  const alerts: Alerts = createAlerts({ config, log, events, guard: options.guard, ports, sha256: ports.crypto.sha256, failed, status: looked, throughOf: (node) => view.through(node, now()), siteOf: view.siteOf, here: view.here, isSite, delivery: options.alerting });

  async function isSite(site: string): Promise<boolean> {
    await first.ready();
    return view.nodes().some((node) => view.siteOf(node) === site);
  }

  function leftHere(node: string, atMs: number): void {
    view.left(node, atMs);
    void append([], [leftCell(node, atMs)]);
  }

  /** When its run before this one ended; undefined where there was none that measured. */
  async function resumed(): Promise<number | undefined> {
    const atMs = clock.wall().ms;
    view.started(self, { site: config.site, tier: config.tier, jurisdiction: config.jurisdiction }, atMs);
    view.heard(self, now());
    for (const told of recorder.held()) ownNow(told);
    if (!hasRun) return undefined;
    const ended = log.cell(endedCell);
    const how = ended === undefined ? "crashed" : "stopped";
    const endedAtMs = ended === undefined ? await lastWordMs(log, recorder.held()) : Number(new TextDecoder().decode(ended));
    view.resumed(self, how, endedAtMs, atMs);
    await append([say(resumedType, { how, endedAtMs })], [{ key: endedCell, value: null }]);
    return endedAtMs;
  }

  const isDue = (): boolean => config.parent !== undefined && options.status().uplink?.state !== "open";

  return {
    self,
    view,
    now,
    clockWrongBy: (node) => view.clockWrongBy(node, now()),
    latest: (node) => latest.get(node),
    async start() {
      hasStarted = true;
      recorder.begin();
      clockBook.start();
      if (config.parent !== undefined) incidentMs = clock.wall().ms; // until the uplink is open for the first time
      const endedMs = await resumed();
      children.resumed();
      void heldSpans.resumed();
      // Who was connected when it ended, and does not come back, is missed. On a slow start some are back before its log is read.
      const missed = missedAfter(log, endedMs ?? 0, news.seen());
      for (const { node, atMs } of missed) view.link(self, node, false, atMs);
      for (const { node, atMs } of leftIn(log)) if (!news.seen().has(node)) view.left(node, atMs);
      if (missed.length > 0) await append([], missed.map(childCell));
      elsewhere.wake();
      first.begin(alerts.start);
      if (settings.export !== undefined && ports.collector !== undefined) out = createOtlpOut({ settings: settings.export, log, collector: ports.collector, mayLeave: options.guard.towards(settings.export.jurisdiction, "collector"), ports });
    },
    committed: (lanes, cells) => {
      if (first.hasBegun) follower.committed(lanes);
      out?.committed(lanes);
      ages.committed(lanes);
      alerts.committed(lanes, cells);
    },
    uplinkChanged() {
      const isCut = isDue();
      if (wasOpen === !isCut) return;
      wasOpen = !isCut;
      if (isCut) incidentMs ??= clock.wall().ms;
      else if (incidentMs !== undefined) {
        incidentMs = undefined;
        void heldSpans.ended();
      }
      retry?.cancel();
      retry = clock.after(0, () => recorder.turned()); // behind what is being done now
      elsewhere.wake();
    },
    childrenChanged(connected, beside) {
      left.connected(connected);
      news.changed(connected, beside);
      elsewhere.wake();
      clockBook.changed(connected);
    },
    inferred(app, fn, milliseconds) {
      const key = inferenceKey(app, fn);
      for (const ms of milliseconds) recorder.measured(key, ms);
    },
    handled(app, fn, count, recordedMs) {
      ages.handled(app, fn);
      if (recordedMs !== undefined) recorder.measured(durationKey(app, fn), Math.max(0, clock.wall().ms - recordedMs), count);
    },
    async fleet(query) {
      await first.ready();
      fresh();
      const wanted = query.figures?.split(",").map((name) => name.trim());
      return view.status(query, now(), wanted === undefined ? undefined : (node) => figuresOf(latest.get(node)?.window, wanted));
    },
    async standing(node) {
      await first.ready();
      fresh();
      return view.row(node, now());
    },
    account(of) {
      if (!first.isReady) return { asOf: isoTime(clock.wall().ms), completeness: undefined };
      fresh();
      return of === undefined ? view.completeness(now()) : view.completeness(now(), (node) => node === of);
    },
    series: createSeries({ log, view, site: config.site, kept: { fine, coarse }, makeHistory, now, held: recorder.held, ready: first.ready }),
    isThinned: (traceId) => isThinned(traceId, incidentMs, clock.wall().ms, settings.fullMs),
    async trace(id, query) {
      await first.ready();
      fresh();
      return findTrace(id, query, { log, view, now, received: options.received });
    },
    async top() {
      return { node: self, asOf: isoTime(clock.wall().ms), held: recorder.held().length, figures: await recorder.live() };
    },
    async alerts(query) {
      await first.ready();
      return pageOfAlerts(alerts.list(status()), query);
    },
    async objectives() {
      await first.ready();
      const of = status();
      if (judged?.of !== of) judged = { of, list: alerts.objectives(of) };
      return judged.list;
    },
    alerting: alerts,
    take: otlp.take,
    exporting: () => out?.status(),
    flush: recorder.flush,
    async close() {
      retry?.cancel();
      first.close();
      news.close();
      clockBook.close();
      elsewhere.close();
      await alerts.close();
      await out?.close();
      await heldSpans.close();
      await recorder.close();
      if (hasStarted) await append([say(stoppedType, {})], [{ key: endedCell, value: encoder.encode(String(clock.wall().ms)) }]);
      await follower.close();
    },
  };
}
