import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { isWindowTrigger } from "@holon/core/schema/trigger.ts";
import { lorawanFiles, lorawanTruth, needLorawan, readUplinks } from "@holon/node/testing/lorawan.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import type { HolonNode } from "@holon/node/index.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish, type Publication } from "./app/publish.ts";
import { startThree, type Three } from "./machine/three.ts";
import { repository } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const hourMs = 3_600_000;

/** The example as it is, but that silence is answered soon: the recordings end, and nobody waits two hours. */
async function example(): Promise<Publication> {
  const { document, blobs } = await publish(await loadManifest(join(repository, "examples/lora-watch")));
  const functions = document.functions.map((fn) => (isWindowTrigger(fn.on) ? { ...fn, on: { ...fn.on, watermark: { ...fn.on.watermark, idleMs: 2_000 } } } : fn));
  return { document: { ...document, functions }, blobs };
}

interface Frame {
  readonly subject: string;
  readonly timeMs: number;
  readonly temperature: number | undefined;
}

/** What each frame said and when, repeats removed: found by looking at the whole file. */
function trueFrames(file: string): readonly Frame[] {
  const rows = readUplinks(file);
  return lorawanTruth(rows).frames.flatMap((index) => {
    const row = rows[index];
    const temperature = row?.decoded.payload?.["temperature"];
    return row === undefined ? [] : [{ subject: row.dev_eui, timeMs: row.reported_at, temperature: typeof temperature === "number" ? temperature : undefined }];
  });
}

/** Frames in each window, by `subject start`. */
function trueAligned(frames: readonly Frame[], sizeMs: number, everyMs: number): Map<string, Frame[]> {
  const windows = new Map<string, Frame[]>();
  for (const frame of frames.toSorted((a, b) => a.timeMs - b.timeMs)) {
    for (let start = Math.floor(frame.timeMs / everyMs) * everyMs; start > frame.timeMs - sizeMs; start -= everyMs) {
      const key = `${frame.subject} ${start}`;
      windows.set(key, [...(windows.get(key) ?? []), frame]);
    }
  }
  return windows;
}

function trueJourneys(frames: readonly Frame[]): ReadonlyMap<string, number> {
  const journeys = new Map<string, number>();
  for (const [subject, of] of Map.groupBy(frames, (frame) => frame.subject)) {
    let key = "";
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const { timeMs } of of.toSorted((a, b) => a.timeMs - b.timeMs)) {
      if (timeMs - lastMs >= 30 * 60_000) key = `${subject} ${timeMs}`;
      journeys.set(key, (journeys.get(key) ?? 0) + 1);
      lastMs = timeMs;
    }
  }
  return journeys;
}

interface Told {
  readonly startMs: number;
  readonly revision: number;
  readonly frames: number;
  readonly temperature?: number | null;
  readonly change?: number;
  readonly replaces?: readonly number[];
}

async function storedEvents(node: HolonNode, lane: string): Promise<readonly StoredEvent[]> {
  const found = node.log.heads().get(lane);
  assert.ok(found !== undefined, lane);
  const events: StoredEvent[] = [];
  for (let next = 1; ; ) {
    const records = await node.log.read(found.lane, next, { maxRecords: 1_000, maxBytes: 1 << 20 });
    const last = records.at(-1);
    if (last === undefined) return events;
    for (const record of records) events.push(parseStoredEvent(record.bytes, `${lane} ${record.sequence}`));
    next = last.sequence + 1;
  }
}

/** The last word on each window. */
function lastTold(events: readonly StoredEvent[], type: string): ReadonlyMap<string, Told> {
  const last = new Map<string, Told>();
  for (const event of events.filter((one) => one.type === type)) {
    const told = event.data as Told;
    for (const start of told.replaces ?? []) last.delete(`${event.subject ?? ""} ${start}`);
    const before = last.get(`${event.subject ?? ""} ${told.startMs}`);
    assert.ok(before === undefined || before.revision < told.revision, "revisions rise");
    last.set(`${event.subject ?? ""} ${told.startMs}`, told);
  }
  return last;
}

const sourcesEnded = (three: Three): boolean => {
  const { agent } = three.gateway.node.status();
  assert.equal(agent.problem, undefined);
  return agent.state === "settled" && agent.sources.length === 2 && agent.sources.every((source) => source.ended);
};

/** All was read, nothing that waits has not been run, and the cloud has what may leave. */
function isDone(three: Three): boolean {
  const { agent, uplink } = three.gateway.node.status();
  const edge = three.edge.node.status().uplink;
  const frames = agent.sources.reduce((sum, { counters }) => sum + (counters?.frames ?? 0), 0);
  const isRead = agent.units.length === 3 && agent.units.every((unit) => unit.lag === 0 && unit.windows !== undefined && unit.windows.taken === frames);
  return sourcesEnded(three) && isRead && uplink?.backlog === 0 && edge?.backlog === 0;
}

test("the example on three nodes, stopped and started half-way: frames, gaps and windows are exactly those of the recordings", onItsTurn(0, 2, needLorawan.skip), async (context) => {
  const data = tempFolder(context);
  const start = (): Promise<Three> => startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  const app = await example();
  const truths = [lorawanTruth(readUplinks(lorawanFiles.testers)), lorawanTruth(readUplinks(lorawanFiles.weather))];
  const frames = [...trueFrames(lorawanFiles.testers), ...trueFrames(lorawanFiles.weather)];

  let three = await start();
  context.after(() => three.close());
  await deployHere(three, app);
  await until("some rows are in", () => three.gateway.node.status().agent.sources.some(({ readings }) => readings >= 4_000), 120_000);
  assert.equal(sourcesEnded(three), false);
  await three.close();
  three = await start();
  const startedMs = performance.now();
  await until("all is read and at the cloud", () => isDone(three), 180_000);
  const journeys = trueJourneys(frames);
  const hours = trueAligned(frames, hourMs, hourMs);
  const atCloud = (): Promise<readonly StoredEvent[]> => storedEvents(three.cloud.node, "gateway-1/data");
  // The last windows of each device are told when its silence has been noticed.
  await until("the last windows were told", async () => {
    const told = await atCloud();
    const sum = (type: string): number => [...lastTold(told, type).values()].reduce((total, one) => total + one.frames, 0);
    return isDone(three) && sum("lora.hour") === frames.length && sum("lora.journey") === frames.length && sum("lora.trend") === 3 * frames.length - leftOfTrend(frames);
  }, 60_000);
  const seconds = (performance.now() - startedMs) / 1_000;

  const { sources, units } = three.gateway.node.status().agent;
  for (const [index, source] of sources.entries()) {
    const truth = truths[index];
    assert.deepEqual([source.counters?.frames, source.counters?.duplicates, source.counters?.missing], [truth?.frames.length, truth?.duplicates, truth?.missing], source.name);
  }
  const readings = (await storedEvents(three.gateway.node, "gateway-1/local")).filter(({ type }) => type === "lora.uplink");
  assert.equal(readings.length, frames.length);
  assert.ok(readings.every(({ devicecounter }) => devicecounter !== undefined));
  const told = await atCloud();
  const lastHours = lastTold(told, "lora.hour");
  assert.equal(lastHours.size, hours.size);
  for (const [key, of] of hours) {
    const values = of.map(({ temperature }) => temperature).filter((value) => value !== undefined);
    assert.equal(lastHours.get(key)?.frames, of.length, key);
    const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(mean === null ? lastHours.get(key)?.temperature === null : Math.abs(mean - (lastHours.get(key)?.temperature ?? Number.NaN)) < 1e-9, key);
  }
  const lastJourneys = [...lastTold(told, "lora.journey")].map(([key, journey]) => `${key}: ${journey.frames}`);
  assert.deepEqual(lastJourneys.sort(), [...journeys].map(([key, count]) => `${key}: ${count}`).sort());
  const trends = lastTold(told, "lora.trend");
  for (const [key, of] of trueAligned(frames, 3 * hourMs, hourMs)) {
    const values = of.map(({ temperature }) => temperature).filter((value) => value !== undefined);
    assert.equal(trends.get(key)?.change, values.length === 0 ? undefined : (values.at(-1) ?? 0) - (values[0] ?? 0), key);
  }
  const gaps = (await storedEvents(three.cloud.node, "gateway-1/telemetry")).filter(({ type }) => type === "holon.counter.gap" || type === "holon.counter.filled");
  const missing = gaps.reduce((sum, { type, data: range }) => sum + (type === "holon.counter.gap" ? 1 : -1) * (range as { readonly count: number }).count, 0);
  assert.equal(missing, truths.reduce((sum, truth) => sum + truth.missing, 0));
  context.diagnostic(`${frames.length} frames, ${seconds.toFixed(1)} s after the second start; ${units.map((unit) => `${unit.name} ${JSON.stringify(unit.windows)}`).join(", ")}`);
});

/** Frames of windows in which nothing was measured: the function tells nothing of those. */
function leftOfTrend(frames: readonly Frame[]): number {
  const windows = [...trueAligned(frames, 3 * hourMs, hourMs).values()];
  return windows.filter((of) => of.every(({ temperature }) => temperature === undefined)).reduce((sum, of) => sum + of.length, 0);
}
