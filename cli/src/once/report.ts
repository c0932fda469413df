/** Counts what a replay did, from the logs themselves: what the gateway keeps, what the cloud holds. */
import { HolonError } from "@holon/core/errors.ts";
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { exportableStreams, type StoredEvent } from "@holon/core/schema/event.ts";
import type { ReplaySourceSpec } from "@holon/core/schema/app.ts";
import { isSameStream, laneName, type Lane, type Log } from "@holon/core/log/log.ts";
import { readReplayLabels, replaySize } from "@holon/platform/door/replay/inspect.ts";
import type { NodeStatus, ReductionStatus } from "@holon/node/index.ts";
import type { Three } from "../machine/three.ts";
import { addOrder, compareOrder, type OrderReport } from "./order.ts";
import { scanLane } from "./scan-log.ts";
import { confusion, noCounts, pool, scoreOf, type Score } from "./score.ts";
import { stampOf, type ReplayFile } from "./source-map.ts";
import { sourceRows } from "./source-rows.ts";

export interface OnceReport {
  readonly eventsIn: number;
  readonly eventsAtCloud: number;
  readonly alerts: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Source rows that did not parse and were set aside (`--bad-rows skip`), by this process. */
  readonly rejected: number;
  readonly rawBytes: number;
  /** Socket bytes of the gateway's uplink both ways, of this process; so are the two below. */
  readonly uplinkBytes: number;
  readonly inferences: number;
  readonly inferenceMs: { readonly p50: number | null; readonly p99: number | null };
  readonly rawClassAtCloud: number;
  /** Where the app declares reductions: socket bytes that the gateway sent, by this process, and what each reduction saved. */
  readonly reduced?: { readonly sentBytes: number; readonly reductions: readonly (ReductionStatus & { readonly app: string; readonly name: string })[] };
  readonly scores?: readonly (Score & { readonly file: string })[];
  readonly pooled?: Score;
}

/** How far each of the gateway's streams had been sent when nothing waited any more: by stream, a sequence number. */
export type Sent = ReadonlyMap<string, number>;

export function sentBy({ gateway: { node } }: Three): Sent {
  return new Map(exportableStreams.map((stream) => [stream, node.log.heads().get(laneName({ origin: node.log.origin, stream }))?.mark.sequence ?? 0]));
}

export async function reportOnce(three: Three, files: readonly ReplayFile[], spec: ReplaySourceSpec, sent: Sent): Promise<OnceReport> {
  const gateway = three.gateway.node;
  const status = gateway.status();
  const kept = await gatewayContent(gateway.log, spec);
  const rows = await compareRows(files, spec, kept.readings);
  const exported = await compareExports(gateway.log, three.cloud.node.log, sent);
  sayEarlierHistories(three);
  const cloud = await cloudContent(three.cloud.node.log, gateway.log);
  const order = addOrder(rows.order, exported);
  const unit = status.agent.units[0];
  return {
    eventsIn: rows.count,
    eventsAtCloud: cloud.fromGateway,
    alerts: cloud.alerts,
    ...order,
    rejected: status.agent.sources.reduce((sum, source) => sum + source.rejected, 0),
    rawBytes: rows.bytes,
    uplinkBytes: (status.uplink?.sentBytes ?? 0) + (status.uplink?.receivedBytes ?? 0),
    inferences: unit?.inferences ?? 0,
    inferenceMs: { p50: round(unit?.inferenceMs.p50), p99: round(unit?.inferenceMs.p99) },
    rawClassAtCloud: cloud.rawClass,
    ...reducedBy(status),
    ...(await scoreFiles(files, kept.judged, rows.acceptedRows)),
  };
}

function reducedBy({ agent, uplink }: NodeStatus): Pick<OnceReport, "reduced"> {
  const reductions = agent.units.flatMap(({ app, name, reduction }) => (reduction === undefined ? [] : [{ app, name, ...reduction }]));
  return reductions.length === 0 ? {} : { reduced: { sentBytes: uplink?.sentBytes ?? 0, reductions } };
}

const round = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toPrecision(3)));

interface GatewayContent {
  /** Identity of each reading, by subject, in the order of the log. */
  readonly readings: ReadonlyMap<string, readonly string[]>;
  /** Whether each judged row was anomalous, by subject. */
  readonly judged: ReadonlyMap<string, readonly boolean[]>;
}

async function gatewayContent(log: Log, spec: ReplaySourceSpec): Promise<GatewayContent> {
  const readings = new Map<string, string[]>();
  const judged = new Map<string, boolean[]>();
  for await (const record of scanLane(log, { origin: log.origin, stream: "local" })) {
    const event = decodeStoredEvent(record.bytes);
    const subject = event.subject ?? "";
    if (event.type === spec.type) push(readings, subject, readingKey(spec.timeColumn === undefined ? { ...event, time: "" } : event));
    else if (event.type === "pump.score") push(judged, subject, isAnomalous(event.data));
  }
  return { readings, judged };
}

const readingKey = (event: Pick<StoredEvent, "time" | "data">): string => `${event.time} ${canonicalJson(event.data)}`;
const isAnomalous = (data: unknown): boolean => typeof data === "object" && data !== null && "anomalous" in data && data.anomalous === true;

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

interface ComparedRows {
  /** All rows of the sources, those that did not parse among them. */
  readonly count: number;
  readonly bytes: number;
  readonly order: OrderReport;
  /** Which rows of each file parse, by subject. */
  readonly acceptedRows: ReadonlyMap<string, readonly number[]>;
}

async function compareRows(files: readonly ReplayFile[], spec: ReplaySourceSpec, readings: GatewayContent["readings"]): Promise<ComparedRows> {
  const acceptedRows = new Map<string, readonly number[]>();
  let order: OrderReport = { lost: 0, duplicated: 0, reordered: 0 };
  let count = 0;
  let bytes = 0;
  for (const file of files) {
    const expected: string[] = [];
    const accepted: number[] = [];
    for await (const row of sourceRows(file, spec)) {
      expected.push(readingKey(row));
      accepted.push(row.index);
    }
    acceptedRows.set(file.subject, accepted);
    const { rows, decompressedBytes } = await replaySize(file.path);
    count += rows;
    bytes += decompressedBytes;
    const own = compareOrder(expected, readings.get(file.subject) ?? []);
    if (own.lost + own.duplicated + own.reordered > 0 && (await stampOf(file.path)) !== file.stamp) {
      throw new HolonError("HOLON_SOURCE_CHANGED", `${file.path} was changed or replaced while it was played: what was read of it cannot be compared with what it holds now`);
    }
    order = addOrder(order, own);
  }
  return { count, bytes, order, acceptedRows };
}

/** Of what a gateway judges anew after its log was damaged, the cloud may hold the first judgement too. */
function sayEarlierHistories({ gateway, cloud }: Three): void {
  const lanes = [...cloud.node.log.heads().values()].map(({ lane }) => lane).filter(({ origin, branch }) => origin === gateway.node.log.origin && branch !== undefined);
  if (lanes.length > 0) process.stderr.write(`note: the cloud keeps earlier histories of ${gateway.node.log.origin} (${lanes.map(laneName).join(", ")}): their alerts count too, also where the same rows were judged again\n`);
}

/** Every record of the gateway that may leave and was sent when it was drained, against the cloud's copy, in whichever of its histories of that stream: name and bytes. What the gateway's disk has lost the cloud may still hold. */
async function compareExports(gateway: Log, cloud: Log, sent: Sent): Promise<OrderReport> {
  let order: OrderReport = { lost: 0, duplicated: 0, reordered: 0 };
  for (const stream of exportableStreams) {
    const lane = { origin: gateway.origin, stream };
    const here = await recordKeys(gateway, lane, sent.get(stream));
    order = addOrder(order, compareOrder(here, await keysOfAll(cloud, lane, new Set(here)), { mayHoldMore: true }));
  }
  return order;
}

/** Where the cloud has several histories, what only an earlier one had is not this log's and nothing to compare. */
async function keysOfAll(log: Log, wanted: Lane, here: ReadonlySet<string>): Promise<readonly string[]> {
  const lanes = [...log.heads().values()].map(({ lane }) => lane).filter((lane) => isSameStream(lane, wanted));
  if (lanes.every(({ branch }) => branch === undefined)) return recordKeys(log, wanted);
  const places = new Map([...here].map((key, place) => [key, place]));
  const histories: (readonly string[])[] = [];
  for (const lane of lanes) histories.push((await recordKeys(log, lane)).filter((key) => here.has(key)));
  const begins = (keys: readonly string[]): number => places.get(keys[0] ?? "") ?? 0;
  return histories.sort((one, other) => begins(one) - begins(other)).flat();
}

async function recordKeys(log: Log, lane: Lane, last = Infinity): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const record of scanLane(log, lane)) if (record.sequence <= last) keys.push(`${record.epoch} ${record.sequence} ${new TextDecoder().decode(record.bytes)}`);
  return keys;
}

async function cloudContent(cloud: Log, gateway: Log): Promise<{ fromGateway: number; alerts: number; rawClass: number }> {
  const counts = { fromGateway: 0, alerts: 0, rawClass: 0 };
  for (const { lane } of cloud.heads().values()) {
    for await (const record of scanLane(cloud, lane)) {
      const event = decodeStoredEvent(record.bytes);
      if (record.origin === gateway.origin) counts.fromGateway += 1;
      if (event.class === "raw") counts.rawClass += 1;
      if (event.type === "pump.alert" && isOpening(event.data)) counts.alerts += 1;
    }
  }
  return counts;
}

const isOpening = (data: unknown): boolean => typeof data === "object" && data !== null && "state" in data && data.state === "open";

async function scoreFiles(files: readonly ReplayFile[], judged: GatewayContent["judged"], acceptedRows: ComparedRows["acceptedRows"]): Promise<Pick<OnceReport, "scores" | "pooled">> {
  const labelled = files.filter((file) => file.shape.labelColumns.includes("anomaly"));
  if (labelled.length === 0 || judged.size === 0) return {}; // no label, or nobody who judges
  const scores: (Score & { file: string })[] = [];
  let pooled = noCounts;
  for (const file of labelled) {
    const labels: (number | undefined)[] = [];
    for await (const label of readReplayLabels(file.path, "anomaly")) labels.push(label);
    // A row that was set aside was judged by nobody: its label does not count either.
    const heard = (acceptedRows.get(file.subject) ?? []).map((index) => labels[index]);
    const unknown = heard.filter((label) => label === undefined).length;
    if (unknown > 0) process.stderr.write(`note: ${file.path}: ${unknown} rows have no number in their label: they are not scored\n`);
    const counts = confusion(heard, judged.get(file.subject) ?? []);
    pooled = pool(pooled, counts);
    scores.push({ file: file.subject, ...scoreOf(counts) });
  }
  return { scores, pooled: scoreOf(pooled) };
}
