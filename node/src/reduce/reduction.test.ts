import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { parseBlock } from "@holon/core/reduce/block.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { childName, SimFamily } from "../testing/sim-family.ts";
import type { HolonNode } from "../node.ts";
import type { ReductionStatus } from "./saved.ts";

const encoder = new TextEncoder();
const release = { class: "derived", because: "an expert has to see the signal" };
const reductions = [
  { kind: "keep", name: "all", on: "fan.reading", emits: "fan.block", rows: 50, release },
  { kind: "keep", name: "raw", on: "fan.reading", emits: "fan.raw", rows: 50, stream: "local" },
  { kind: "aggregate", name: "minute", on: "fan.reading", emits: "fan.minute", everyMs: 60_000 },
  { kind: "sample", name: "some", on: "fan.reading", emits: "fan.some", rows: 5, method: { kind: "systematic", every: 10 }, release },
  { kind: "frames", name: "around", on: "fan.reading", emits: "fan.frame", around: "fan.alert", when: { state: "open" }, beforeMs: 5_000, afterMs: 4_000, release },
  { kind: "discard", name: "rest", on: "fan.reading" },
];

const documentOf = (version: number, more: Record<string, unknown> = {}) =>
  desiredSchema.parse({
    apiVersion: "holon/v1", kind: "Desired", node: childName, version, plan: "plan",
    apps: [{ name: "fans", functions: [], models: [], egress: [{ class: "derived" }, { class: "aggregate" }], reductions, ...more }],
  });
const deploy = (node: HolonNode, document = documentOf(1)): Promise<unknown> => node.log.append({ cells: [{ key: `desired/${childName}`, value: encoder.encode(JSON.stringify(document)) }] });

/** Two fans by turns, once a second; an alert on each 120th reading, closed ten later, by way of a score. In appends of about 20. */
async function feed(node: HolonNode, from: number, count: number): Promise<void> {
  const append = async (records: readonly NewRecord[]): Promise<string> => {
    const sequences = await node.log.append({ records });
    return printRecordName({ origin: node.log.origin, epoch: node.log.epoch, stream: "local", sequence: sequences.at(-1) ?? 0 });
  };
  let readings: NewRecord[] = [];
  for (let index = from; index < from + count; index++) {
    const shared = { stream: "local", producer: "test", subject: `fan/${index % 2}`, timeMs: index * 500 } as const;
    readings.push(node.events.record({ ...shared, type: "fan.reading", class: "raw", data: { x: Math.sin(index), rpm: 1_200 + (index % 7), note: "text" } }));
    const state = index % 120 === 60 ? "open" : index % 120 === 70 ? "closed" : undefined;
    if (state === undefined && readings.length < 20 && index < from + count - 1) continue;
    const reading = await append(readings);
    readings = [];
    if (state === undefined) continue;
    const score = await append([node.events.record({ ...shared, type: "fan.score", class: "derived", causedBy: reading, data: {} })]);
    await append([node.events.record({ ...shared, type: "fan.alert", class: "derived", causedBy: score, data: { state } })]);
  }
}

async function eventsOf(node: HolonNode, stream: "data" | "local" | "audit"): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let next = 1; ; ) {
    const records = await node.log.read({ origin: childName, stream }, next, { maxRecords: 1_000, maxBytes: 1 << 20 });
    const last = records.at(-1);
    if (last === undefined) return events;
    for (const record of records) events.push(parseStoredEvent(record.bytes, "test"));
    next = last.sequence + 1;
  }
}

/** What came out, by type, without what differs from run to run: epochs and the time of recording. */
const outputs = (events: readonly StoredEvent[]): ReadonlyMap<string, readonly string[]> => {
  const byType = Map.groupBy(events.filter(({ type }) => type.startsWith("fan.") && type !== "fan.reading" && type !== "fan.score" && type !== "fan.alert"), ({ type }) => type);
  return new Map([...byType].map(([type, own]) => [type, own.map(({ subject, time, data, class: dataClass }) => JSON.stringify([subject, time, dataClass, data]).replaceAll(/gateway-1\/\w{13}\//g, ""))]));
};

const isIdle = (node: HolonNode | undefined): boolean => {
  const units = node?.status().agent.units ?? [];
  return units.length === reductions.length && units.every(({ state, lag }) => state === "running" && lag === 0);
};

const statusOf = (node: HolonNode, name: string): ReductionStatus => {
  const found = node.status().agent.units.find((unit) => unit.name === name)?.reduction;
  assert.ok(found !== undefined, name);
  return found;
};

async function started(): Promise<SimFamily> {
  const family = new SimFamily();
  await family.start();
  return family;
}

/** Every third call, others with each HOLON_SIM_ROTATION; with HOLON_TURNS=all each. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const isWhole = process.env["HOLON_TURNS"] === "all";

describe("reductions on a gateway", () => {
  it("send on what is declared, with the class that is declared, and nothing raw", async () => {
    const family = await started();
    await family.world.drive(deploy(family.childNode));
    await family.world.drive(feed(family.childNode, 0, 600));
    await family.until("all is reduced and at the parent", () => isIdle(family.childNode) && family.childNode.status().uplink?.backlog === 0);
    const [there, local, audit] = await family.world.drive(Promise.all([eventsOf(family.parentNode, "data"), eventsOf(family.childNode, "local"), eventsOf(family.parentNode, "audit")]));
    const sent = outputs(there);
    assert.deepEqual([...sent.keys()].sort(), ["fan.block", "fan.frame", "fan.minute", "fan.some"]);
    assert.deepEqual(new Set(there.filter(({ type }) => type.startsWith("fan.")).map((event) => `${event.type} ${event.class}`)), new Set(["fan.block derived", "fan.some derived", "fan.frame derived", "fan.minute aggregate"]));
    assert.equal(outputs(local).get("fan.raw")?.length, 12, "what is raw stays");
    const released = audit.filter(({ type }) => type === "holon.reduction.released").map(({ data }) => data);
    assert.deepEqual(released, ["all", "some", "around"].map((name, index) => ({ reduction: `fans/${name}`, on: "fan.reading", emits: ["fan.block", "fan.some", "fan.frame"][index], from: "raw", to: "derived", because: release.because })));
    const rows = there.filter(({ type }) => type === "fan.block").flatMap(({ subject, data }) => [...parseBlock(data).times].map((time) => `${subject} ${time}`));
    assert.deepEqual(rows.sort(), Array.from({ length: 600 }, (_, index) => `fan/${index % 2} ${index * 500}`).sort());
  });

  it("cut frames out of the log: before and after the reading that led to the alert, of its subject", async () => {
    const family = await started();
    await family.world.drive(deploy(family.childNode));
    await family.world.drive(feed(family.childNode, 0, 600));
    await family.until("all is reduced", () => isIdle(family.childNode));
    const frames = (await family.world.drive(eventsOf(family.childNode, "data"))).filter(({ type }) => type === "fan.frame");
    assert.equal(frames.length, 5, "alerts that close have no frame");
    frames.forEach(({ subject, data }, alert) => {
      const { times, columns } = parseBlock(data);
      const at = (60 + 120 * alert) * 500;
      assert.deepEqual([...times], [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4].map((seconds) => at + seconds * 1_000));
      assert.deepEqual([...(columns.find(({ name }) => name === "x")?.values ?? [])], [...times].map((time) => Math.sin(time / 500)));
      assert.deepEqual({ ...(data as object), alert: "", block: "" }, { alert: "", part: 1, parts: 1, complete: true, rows: 10, block: "" });
      assert.equal(subject, "fan/0");
    });
  });

  it("wait for what comes after an alert, and end a frame that nothing comes to, saying so", async () => {
    const family = await started();
    await family.world.drive(deploy(family.childNode));
    await family.world.drive(feed(family.childNode, 0, 62));
    const frames = async () => (await family.world.drive(eventsOf(family.childNode, "data"))).filter(({ type }) => type === "fan.frame").map(({ data }) => data as { complete: boolean; rows: number });
    await family.pass(2_000);
    assert.deepEqual(await frames(), []);
    await family.until("it is idle", () => isIdle(family.childNode), 4_000 + limits.frameGraceMs);
    assert.deepEqual((await frames()).map(({ complete, rows }) => ({ complete, rows })), [{ complete: false, rows: 6 }]);
    await family.world.drive(feed(family.childNode, 62, 120));
    await family.pass(2_000);
    assert.equal((await frames()).length, 1);
    await family.world.drive(feed(family.childNode, 182, 10));
    await family.until("it is idle", () => isIdle(family.childNode), 1_000);
    assert.deepEqual((await frames()).map(({ complete, rows }) => ({ complete, rows })), [{ complete: false, rows: 6 }, { complete: true, rows: 10 }]);
  });

  it("stop at once while a frame is waited for", async () => {
    const family = await started();
    await family.world.drive(deploy(family.childNode));
    await family.world.drive(feed(family.childNode, 0, 62));
    await family.pass(1_000);
    const before = family.world.nowMs;
    await family.world.drive(deploy(family.childNode, documentOf(2, { reductions: [] })));
    await family.until("nothing runs", () => family.childNode.status().agent.units.length === 0);
    assert.ok(family.world.nowMs - before < 500);
  });

  it("count what they were handed and what they made of it, to the byte", async () => {
    const family = await started();
    await family.world.drive(feed(family.childNode, 0, 600));
    await family.world.drive(deploy(family.childNode));
    await family.until("all is reduced", () => isIdle(family.childNode));
    const node = family.childNode;
    const bytesOf = async (stream: "data" | "local", type: string): Promise<number> => {
      const records = await family.world.drive(node.log.read({ origin: childName, stream }, 1, { maxRecords: 10_000, maxBytes: 1 << 26 }));
      return records.filter(({ bytes }) => parseStoredEvent(bytes, "test").type === type).reduce((sum, { bytes }) => sum + bytes.length, 0);
    };
    const readings = await bytesOf("local", "fan.reading");
    for (const [name, type, stream] of [["all", "fan.block", "data"], ["raw", "fan.raw", "local"], ["minute", "fan.minute", "data"], ["some", "fan.some", "data"]] as const) {
      const made = await bytesOf(stream, type);
      const { records, ...status } = statusOf(node, name);
      assert.deepEqual(status, { kind: status.kind, on: "fan.reading", bytesIn: readings, bytesMade: made, bytesLeaving: stream === "data" ? made : 0 });
      assert.ok(made > 0 && made < readings / 2 && records > 0);
    }
    assert.deepEqual(statusOf(node, "rest"), { kind: "discard", on: "fan.reading", bytesIn: readings, bytesMade: 0, bytesLeaving: 0, records: 0 });
    assert.ok(statusOf(node, "around").bytesIn < readings / 10 && statusOf(node, "around").bytesIn > 0);
    family.child.crash("power", 100);
    const counts = reductions.map(({ name }) => statusOf(node, name));
    await family.until("it is up again", () => isIdle(family.child.subject));
    assert.deepEqual(reductions.map(({ name }) => statusOf(family.childNode, name)), counts);
  });

  it("make the same outputs, once, wherever the power is cut on the way", async () => {
    let [crashes, calls] = [0, 0];
    const run = async (cutAtCall: number | undefined): Promise<ReadonlyMap<string, readonly string[]>> => {
      const family = await started();
      await family.world.drive(feed(family.childNode, 0, 260));
      const before = family.child.identity.calls;
      if (cutAtCall !== undefined) family.child.crashAtCall(before + cutAtCall, cutAtCall % 2 === 0 ? "before" : "after", "power", 50);
      void deploy(family.childNode).catch(() => undefined); // a cut may come before it is on disk
      await family.pass(200);
      await family.until("it is up", () => family.child.subject !== undefined);
      if (family.childNode.status().agent.version === 0) await family.world.drive(deploy(family.childNode));
      await family.until("all is reduced and at the parent", () => isIdle(family.child.subject) && family.childNode.status().uplink?.state === "open" && family.childNode.status().uplink?.backlog === 0);
      crashes += family.child.crashes;
      calls = family.child.identity.calls - before;
      return outputs(await family.world.drive(eventsOf(family.parentNode, "data")));
    };
    const expected = await run(undefined);
    assert.equal(expected.get("fan.frame")?.length, 2);
    const all = calls;
    const cuts = Array.from({ length: all }, (_, index) => index + 1).filter((call) => isWhole || call % 3 === rotation % 3);
    for (const call of cuts) assert.deepEqual(await run(call), expected, `cut at call ${call}`);
    assert.ok(all > 20 && crashes >= cuts.length - 2, `${crashes} cuts at ${cuts.length} of ${all} calls`);
  });
});

describe("what does not go together is refused", () => {
  const problem = (...rules: readonly object[]): string => {
    const sources = [{ kind: "host", name: "people", type: "people.count", class: "personal" }, { kind: "host", name: "fan", type: "fan.reading" }];
    const parsed = desiredSchema.safeParse({ ...documentOf(1), apps: [{ name: "fans", sources, functions: [], models: [], reductions: rules.map((rule, index) => ({ name: `r${index}`, ...rule })) }] });
    return parsed.success ? "" : parsed.error.issues.map(({ message }) => message).join("; ");
  };
  const cases: readonly (readonly [string, RegExp, ...object[]])[] = [
    ["raw readings in a stream that leaves", /would be raw, which never leaves/, { kind: "keep", on: "fan.reading", emits: "a.b" }],
    ["personal readings in a stream that leaves", /would be personal, which never leaves/, { kind: "keep", on: "people.count", emits: "a.b" }],
    ["a release of what is personal", /cannot be released/, { kind: "keep", on: "people.count", emits: "a.b", release }],
    ["extremes of what is personal", /is a reading/, { kind: "aggregate", on: "people.count", emits: "a.b", measures: ["max"] }],
    ["an envelope of what is personal", /is a reading/, { kind: "aggregate", on: "people.count", emits: "a.b", envelope: 2 }],
    ["a reduction of a reduction", /itself made by a reduction/, { kind: "keep", on: "fan.reading", emits: "fan.reading", release }],
    ["two of one name", /has this name/, { kind: "discard", on: "fan.reading", name: "x" }, { kind: "discard", on: "fan.reading", name: "x" }],
    ["windows of more figures than a block has columns", /do not fit a block/, { kind: "aggregate", on: "fan.reading", emits: "a.b", rows: 9, envelope: 9 }],
    ["a bound of nothing", /Too small|expected number to be >0|Invalid/, { kind: "keep", on: "fan.reading", emits: "a.b", release, within: { x: { absolute: 0 } } }],
    ["an aggregate of one reading", /2/, { kind: "aggregate", on: "fan.reading", emits: "a.b", countMin: 1 }],
  ];
  for (const [what, pattern, ...rules] of cases) it(what, () => assert.match(problem(...rules), pattern));
  it("and what goes together is not", () => assert.equal(problem({ kind: "keep", on: "people.count", emits: "a.b", stream: "local" }, { kind: "aggregate", on: "people.count", emits: "a.c" }), ""));
});

