/**
 * What the fleet says of itself, held against what the simulator knows: the lanes of every node at every moment of true time, and which of the windows are at the one who answers. It never
 * looks at how the answer was made. Clocks are right in this world, so that times can be compared.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Lane, Log, LogRecord } from "@holon/core/log/log.ts";
import { streamNames, type StreamName } from "@holon/core/schema/event.ts";
import type { FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { printKey } from "@holon/core/telemetry/key.ts";
import type { SeriesPoint } from "@holon/core/telemetry/series.ts";
import { windowSchema, windowType, type Window } from "@holon/core/telemetry/window.ts";
import type { NodeName } from "@holon/core/units.ts";
import { worldBeginsMs } from "../clock.ts";
import type { World } from "../world.ts";

interface Growth {
  readonly atMs: number;
  readonly sequence: number;
}

const readingType = "sim.reading";
/** The function that is handed each reading at once, and how long it may take until that is counted. */
const handled = printKey("holon.function.events", { app: "counter", function: "count" });
const handlingMs = 5_000;
/** A window closes some milliseconds behind the step that it is of. */
const edgeMs = 1_000;

/** Streams whose counts are compared; telemetry counts itself. */
const compared = streamNames.filter((stream) => stream !== "telemetry");

export class TelemetryLedger {
  readonly #world: World;
  /** By `node/stream`: how long each lane was when; and by `node/sim.reading`: how many of them its `local` held. */
  readonly #growth = new Map<string, Growth[]>();
  /** By node, in order: each window with its sequence in the lane. */
  readonly windows = new Map<string, { readonly sequence: number; readonly window: Window }[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Follows a node's log over one of its lives. */
  attach(node: NodeName, log: Log): void {
    for (const stream of streamNames) this.#grew(node, stream, log.head({ origin: node, stream })?.sequence ?? 0);
    const read = new Map((["telemetry", "local"] as const).map((stream) => [stream as StreamName, log.head({ origin: node, stream })?.sequence ?? 0]));
    let readings = 0;
    log.onCommit(({ lanes }) => {
      for (const lane of lanes) {
        if (lane.origin !== node || lane.branch !== undefined) continue;
        const head = log.head(lane)?.sequence ?? 0;
        this.#grew(node, lane.stream, head);
        const before = read.get(lane.stream);
        if (before === undefined || head <= before) continue;
        read.set(lane.stream, head);
        const atMs = this.#world.nowMs;
        void readThrough(log, lane, before + 1, head).then((records) => {
          for (const { bytes, sequence } of records) {
            const { type, data } = parseStoredEvent(bytes, "");
            if (type === windowType) this.windowsOf(node).push({ sequence, window: windowSchema.parse(data) });
            if (type === readingType) this.#grew(node, readingType, ++readings, atMs);
          }
        });
      }
    });
  }

  windowsOf(node: string): { readonly sequence: number; readonly window: Window }[] {
    const windows = this.windows.get(node) ?? [];
    this.windows.set(node, windows);
    return windows;
  }

  #grew(node: string, what: StreamName | typeof readingType, sequence: number, atMs = this.#world.nowMs): void {
    const growth = this.#growth.get(`${node}/${what}`) ?? [];
    this.#growth.set(`${node}/${what}`, growth);
    if (growth.at(-1)?.sequence !== sequence) growth.push({ atMs, sequence });
  }

  /** How long a lane was at a time: least and most, where something was written in that very millisecond. */
  lengthAt(node: string, what: StreamName | typeof readingType, wallMs: number): { readonly least: number; readonly most: number } {
    const atMs = wallMs - worldBeginsMs;
    let least = 0;
    let most = 0;
    for (const step of this.#growth.get(`${node}/${what}`) ?? []) {
      if (step.atMs < atMs) least = step.sequence;
      if (step.atMs < atMs + 1) most = step.sequence;
      else break;
    }
    return { least, most };
  }

  /** The end of the newest window of a node that is among the first `head` records of its lane. */
  arrivedThrough(node: string, head: number): number | undefined {
    return this.windowsOf(node).findLast(({ sequence }) => sequence <= head)?.window.endMs;
  }
}

/** What one reading gives may end before the last that was asked for: with a file of the log, for example. */
async function readThrough(log: Log, lane: Lane, first: number, last: number): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for (let from = first; from <= last; ) {
    const page = await log.read(lane, from, { maxRecords: last - from + 1, maxBytes: Infinity });
    const end = page.at(-1);
    if (end === undefined) break;
    records.push(...page);
    from = end.sequence + 1;
  }
  return records;
}

export interface Asked {
  readonly status: FleetStatus;
  /** What the answerer has counted of a node so far, by key. */
  totals(node: string): ReadonlyMap<string, number> | undefined;
  /** How far the answerer's log goes in a node's telemetry. */
  head(node: string): number;
}

/** One sentence for each thing that is said and is not so. */
export function checkClaims(ledger: TelemetryLedger, self: string, { status, totals, head }: Asked): readonly string[] {
  const violations: string[] = [];
  const { completeness, nodes, asOf } = status;
  const throughMs = Date.parse(completeness.through);
  let reported = 0;
  for (const row of nodes) {
    const arrivedMs = row.node === self ? undefined : ledger.arrivedThrough(row.node, head(row.node));
    const saidMs = row.through === null ? undefined : Date.parse(row.through);
    if (row.node !== self && saidMs !== arrivedMs) violations.push(`${asOf}: ${row.node} is said to be known through ${row.through ?? "nothing"}, and its windows here end at ${arrivedMs === undefined ? "nothing" : new Date(arrivedMs).toISOString()}`);
    const knownMs = row.node === self ? saidMs : arrivedMs;
    if (row.state !== "gone" && row.state !== "revoked" && (knownMs ?? -Infinity) >= throughMs) reported += 1;
    if (saidMs !== undefined) violations.push(...checkTotals(ledger, row.node, saidMs, totals(row.node) ?? new Map()).map((violation) => `${asOf}: ${violation}`));
  }
  if (completeness.reported !== reported) violations.push(`${asOf}: ${completeness.reported} nodes are said to have reported through ${completeness.through}, and ${reported} have`);
  if (completeness.nodes !== completeness.reported + completeness.excused + completeness.unknown) violations.push(`${asOf}: ${completeness.nodes} nodes are not ${completeness.reported} + ${completeness.excused} + ${completeness.unknown}`);
  return violations;
}

/** What was counted of a node up to a time is what its log held then, and what its function was handed. */
function checkTotals(ledger: TelemetryLedger, node: string, throughMs: number, totals: ReadonlyMap<string, number>): readonly string[] {
  const [least, most] = [ledger.lengthAt(node, readingType, throughMs - handlingMs).least, ledger.lengthAt(node, readingType, throughMs + edgeMs).most];
  const counted = totals.get(handled) ?? 0;
  const ofFunction = counted >= least && counted <= most ? [] : [`the function of ${node} is said to have handled ${counted} readings through ${new Date(throughMs).toISOString()}, and it was handed ${least === most ? least : `${least} to ${most}`}`];
  return [...ofFunction, ...checkLanes(ledger, node, throughMs, totals)];
}

function checkLanes(ledger: TelemetryLedger, node: string, throughMs: number, totals: ReadonlyMap<string, number>): readonly string[] {
  return compared.flatMap((stream) => {
    const counted = totals.get(printKey("holon.log.records", { stream })) ?? 0;
    const { least, most } = ledger.lengthAt(node, stream, throughMs);
    return counted >= least && counted <= most ? [] : [`${node} is said to have written ${counted} records of ${stream} through ${new Date(throughMs).toISOString()}, and it had written ${least === most ? least : `${least} to ${most}`}`];
  });
}

export interface Charted {
  readonly node: string;
  /** Of `stream` alone, in steps of `stepMs`. */
  readonly stream: StreamName;
  readonly points: readonly SeriesPoint[];
  readonly stepMs: number;
  /** How far the answerer's log goes in the node's telemetry; what it holds itself has no bound. */
  readonly head: number;
  readonly nowMs: number;
}

/** A step counts as told where windows that are here cover it, and then it is what was written in it; where none touches it, it is nothing; and one that is not over is said to be in the making. */
export function checkSteps(ledger: TelemetryLedger, { node, stream, points, stepMs, head, nowMs }: Charted): readonly string[] {
  const windows = ledger.windowsOf(node).filter(({ sequence }) => sequence <= head).map(({ window }) => window);
  return points.flatMap(({ at, value, reported, nodes, open }) => {
    const fromMs = Date.parse(at);
    const toMs = fromMs + stepMs;
    if (nodes !== 1) return []; // it did not belong yet
    const touching = windows.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
    const coveredMs = touching.reduce((sum, { startMs, endMs }) => sum + Math.min(endMs, toMs) - Math.max(startMs, fromMs), 0);
    const violations: string[] = [];
    if ((open === true) !== toMs > nowMs) violations.push(`${at}: the step of ${node} is ${open === true ? "" : "not "}said to be in the making`);
    if ((reported === 1) !== coveredMs >= stepMs - edgeMs) violations.push(`${at}: ${reported} of 1 have told of the step of ${node}, of which windows cover ${coveredMs} ms of ${stepMs}`);
    if (value !== null && coveredMs <= 0) violations.push(`${at}: the step of ${node} is ${value}, and windows cover ${coveredMs} ms of it`);
    const [before, after] = [ledger.lengthAt(node, stream, fromMs), ledger.lengthAt(node, stream, toMs + edgeMs)];
    const isExact = coveredMs >= stepMs - edgeMs && touching.every(({ merged }) => merged === 1);
    const [least, most] = [ledger.lengthAt(node, stream, toMs).least - ledger.lengthAt(node, stream, fromMs + edgeMs).most, after.most - before.least];
    if (isExact && (value === null || value < least - 1e-6 || value > most + 1e-6)) violations.push(`${at}: the step of ${node} is ${value ?? "nothing"}, and ${least} to ${most} records were written in it`);
    return violations;
  });
}

/** Windows of this span as they were measured, without a gap: the whole of it. */
export function checkFull(windows: readonly Window[], what: string, fromMs: number, toMs: number, everyMs: number): readonly string[] {
  const inside = windows.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
  const violations = inside.filter(({ merged }) => merged > 1).map(({ startMs, endMs }) => `${what} has a window that was merged, ${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()}`);
  let atMs = fromMs;
  for (const { startMs, endMs } of inside) {
    if (startMs > atMs) violations.push(`${what} has nothing from ${new Date(atMs).toISOString()} to ${new Date(startMs).toISOString()}`);
    atMs = Math.max(atMs, endMs);
  }
  if (atMs < toMs - everyMs) violations.push(`${what} ends at ${new Date(atMs).toISOString()}`);
  return violations;
}
