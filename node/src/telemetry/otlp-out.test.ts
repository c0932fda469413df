import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Collector } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import { exportSettingsSchema } from "@holon/core/telemetry/settings.ts";
import { encodeProtobuf } from "@holon/core/telemetry/otlp/encoding.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { z } from "zod";
import { createEvents } from "../event/events.ts";
import { createGuard } from "../policy/guard.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { addressOf, createOtlpOut } from "./otlp-out.ts";

const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: { jurisdiction: "EU/DE" } } as const;
const text = "policy plant 1\npermit here\n  who any\n  does leave\n  class derived\n  from EU\n  to EU\n";
const desired: Desired = { apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version: 1, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } };

test("no byte goes to a collector where the policy does not let it go, and the trail says which did", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const clock = createClock();
  const events = createEvents(config, clock);
  const guard = createGuard({ config, log, clock: createClock(), events, integrity });
  guard.follow(desired);
  const say = (own: "derived" | "public", word: string) => log.append({ records: [events.record({ stream: "telemetry", type: "test.said", class: own, producer: "test", data: { text: word } })] });
  await say("derived", "one");
  await say("public", "two");
  await say("derived", "three");
  const arrived: string[] = [];
  let refusals = 1;
  const collector: Collector = {
    post: (_url, _type, body) => {
      if (refusals-- > 0) return Promise.resolve({ status: 503, retryAfterMs: 1, body: new Uint8Array() });
      arrived.push(...[...new TextDecoder().decode(body).matchAll(/"stringValue":"(one|two|three)"/g)].map(([, word = ""]) => word));
      return Promise.resolve({ status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") });
    },
  };
  const notes: string[] = [];
  const random = { bytes: () => new Uint8Array(), uniform: () => 0 };
  const trace = { note: (_level: string, message: string) => void notes.push(message) };
  async function sentTo(jurisdiction: string) {
    const settings = exportSettingsSchema.parse({ url: "http://collector", encoding: "json", jurisdiction });
    let told: () => void = () => undefined;
    const out = createOtlpOut({ settings, log, collector, mayLeave: guard.towards(jurisdiction, "collector"), ports: { clock, random, trace } });
    const unsubscribe = log.onCommit(() => told());
    while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
    unsubscribe();
    await out.close();
    return out.status();
  }
  const abroad = await sentTo("US");
  assert.deepEqual([arrived.splice(0), abroad.sent, abroad.withheld], [["two"], 1, 3], "with the first record of the stream, which stands in one run with what was said first");
  assert.ok(notes.some((note) => note.includes("the policy does not let gateway-1/telemetry go to US")));
  await say("derived", "one");
  const near = await sentTo("EU/FR");
  assert.deepEqual([arrived, near.withheld], [["one"], 0]);
  await guard.closeDecisions();
  const told = async (type: string) => (await log.find({ accepts: ({ stream }) => stream === "audit", type, limit: 20 })).map(({ event: { data } }) => z.record(z.string(), z.unknown()).parse(data));
  const opened = await told("holon.policy.decision.opened");
  assert.deepEqual(opened.map(({ destination, classes, allow }) => [destination, String(classes), allow]), [["US collector", "derived", false], ["US collector", "public", true], ["EU/FR collector", "derived", true]]);
  assert.deepEqual((await told("holon.policy.decision.closed")).map(({ destination, count }) => [destination, count]), [["US collector", 1], ["EU/FR collector", 1]], "what was tried again is counted once");
  await log.close();
});

test("a collector that says \"again at once\", or names a time that was, is not asked at once", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const real = createClock();
  const waits: number[] = [];
  // What is waited for is written down, and not waited for.
  const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (ms: number, then: () => void) => (waits.push(ms), real.after(0, then)) };
  const events = createEvents(config, clock);
  await log.append({ records: [events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: {} })] });
  const says = [0, -5_000, 1, 4_000];
  const collector: Collector = { post: () => Promise.resolve(says.length > 0 ? { status: 503, retryAfterMs: says.shift(), body: new Uint8Array() } : { status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") }) };
  let told: () => void = () => undefined;
  log.onCommit(() => told());
  const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding: "json", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: () => undefined } } });
  while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await out.close();
  assert.deepEqual(waits, [limits.otlpRetryMs, limits.otlpRetryMs, limits.otlpRetryMs, 4_000]);
});

test("one record that the collector calls bad is set aside, and told; of the others none is lost or doubled, also where it is busy or the node ends in between", async (context) => {
  const folder = tempFolder(context);
  let log = await openTempLog(folder, { name: "gateway-1" });
  const real = createClock();
  const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (_ms: number, then: () => void) => real.after(0, then) };
  const events = createEvents(config, clock);
  const words = Array.from({ length: 40 }, (_, index) => `word-${index}`);
  const bad = ["word-7", "word-33"];
  await log.append({ records: words.map((word) => events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: { text: word } })) });
  const arrived: string[] = [];
  const notes: string[] = [];
  let posts = 0;
  let told: () => void = () => undefined;
  let ending: (() => void) | undefined;
  const collector: Collector = {
    post: (_url, _type, body) => {
      posts += 1;
      if (posts % 3 === 0) return Promise.resolve({ status: 503, retryAfterMs: 1, body: new Uint8Array() });
      const found = [...new TextDecoder().decode(body).matchAll(/"stringValue":"(word-\d+)"/g)].map(([, word = ""]) => word);
      if (found.some((word) => bad.includes(word))) return Promise.resolve({ status: 400, retryAfterMs: undefined, body: new Uint8Array() });
      arrived.push(...found);
      if (arrived.length > 10) ending?.();
      return Promise.resolve({ status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") });
    },
  };
  const open = () => createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding: "json", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: (_level, message) => void notes.push(message) } } });
  const first = open();
  await new Promise<void>((resolve) => (ending = resolve));
  await first.close();
  ending = undefined;
  const before = arrived.length;
  assert.ok(before > 10 && before < 38);
  log.onCommit(() => told());
  const second = open();
  while (second.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await second.close();
  assert.deepEqual(arrived, words.filter((word) => !bad.includes(word)));
  const { aside, behind, firstAsideAt, lastAside } = second.status();
  assert.deepEqual([aside, behind], [2, 0]);
  assert.match(lastAside?.why ?? "", /bad \(logs\): it is set aside/);
  assert.ok(firstAsideAt !== undefined && firstAsideAt <= (lastAside?.at ?? ""));
  assert.equal(notes.filter((note) => /the collector calls gateway-1\/\w+\/telemetry\/\d+ bad \(logs\): it is set aside/.test(note)).length, 2, notes.join("\n"));
  await log.close();
  log = await openTempLog(folder, { name: "gateway-1" });
  const after = open();
  await after.close();
  assert.deepEqual([after.status().aside, after.status().firstAsideAt, after.status().lastAside], [2, firstAsideAt, lastAside], "a start forgets none of it");
  await log.close();
});

test("what stands in the log with an id that is none goes out without it", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const clock = createClock();
  const events = createEvents(config, clock);
  const span = (name: string, spanId: string) => ({ traceId: "a".repeat(32), spanId, name, startTimeUnixNano: "1", endTimeUnixNano: "2" });
  await log.append({ records: [events.record({ stream: "telemetry", type: "holon.otlp.traces", class: "public", producer: "otlp", data: { scopeSpans: [{ spans: [span("one", "b".repeat(16)), span("two", "bad"), span("three", "c".repeat(16))] }] } })] });
  const bodies: string[] = [];
  const notes: string[] = [];
  const collector: Collector = { post: (url, _type, body) => Promise.resolve((url.endsWith("traces") && bodies.push(new TextDecoder().decode(body)), { status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") })) };
  let told: () => void = () => undefined;
  log.onCommit(() => told());
  const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding: "json", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: (_level, message) => void notes.push(message) } } });
  while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await out.close();
  assert.deepEqual(bodies.map((body) => [...body.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name)), [["one", "three"]]);
  assert.equal(out.status().aside, 1);
  assert.ok(notes.some((note) => note.includes("the spanId of a Span is not of 8 bytes")), notes.join("\n"));
  await log.close();
});

test("what a collector says of who asks, or of itself, costs nothing of what was to go: it waits, is tried again with longer pauses, and goes once", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const real = createClock();
  const waits: number[] = [];
  const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (ms: number, then: () => void) => (waits.push(ms), real.after(0, then)) };
  const events = createEvents(config, clock);
  await log.append({ records: ["one", "two"].map((word) => events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: { text: word } })) });
  const says = [401, 401, 403, 404, 405, 407, 408, 500, 501, 200, 201, 202, 203, 206];
  const others: Readonly<Record<number, string>> = { 200: "\n<!doctype html><title>Welcome</title>", 201: '{"error":"login required"}', 202: '{"code":16,"message":"login required"}', 203: '{"success":false}', 206: "login required" };
  const seen: NonNullable<ExportStatus["problem"]>[] = [];
  const [arrived, notes]: [string[], string[]] = [[], []];
  let told: () => void = () => undefined;
  const collector: Collector = {
    post: (_url, _type, body) => {
      const { problem } = out.status();
      if (problem !== undefined) seen.push(problem);
      const status = says.shift();
      if (status !== undefined) return Promise.resolve({ status, retryAfterMs: undefined, body: new TextEncoder().encode(others[status] ?? "") });
      arrived.push(...[...new TextDecoder().decode(body).matchAll(/"stringValue":"(one|two)"/g)].map(([, word = ""]) => word));
      return Promise.resolve({ status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") });
    },
  };
  log.onCommit(() => told());
  const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding: "json", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0.5 }, trace: { note: (_level, message) => void notes.push(message) } } });
  while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await out.close();
  assert.deepEqual(seen.map(({ code, message }) => `${code} ${message}`), [...[401, 401, 403, 404, 405, 407].map((status) => `HOLON_COLLECTOR_REFUSED the collector answered ${status}`), ...[408, 500, 501].map((status) => `HOLON_COLLECTOR_UNREACHABLE the collector answered ${status}`), "HOLON_COLLECTOR_REFUSED what answered is a web page, and no collector", ...["an error", "an error", "an error"].map((what) => `HOLON_COLLECTOR_REFUSED what answered names ${what}, and is no collector`), "HOLON_COLLECTOR_REFUSED what answered is a text, and no collector"]);
  assert.equal(new Set(seen.map(({ since }) => since)).size, 1, "since it went last");
  assert.deepEqual([arrived, out.status().aside, out.status().problem], [["one", "two"], 0, undefined]);
  assert.equal(waits.length, 14);
  assert.ok(waits.every((wait, index) => wait >= (waits[index - 1] ?? 0)) && (waits.at(-1) ?? 0) > 8 * (waits[0] ?? 0), waits.join(" "));
  assert.equal(notes.filter((note) => note.includes("the collector answered 401")).length, 1, "the same is said once");
  await log.close();
});

test("an answer in protobuf whose bytes begin as a page does is an answer: what it rejects is set aside, and nothing goes twice", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const real = createClock();
  const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (_ms: number, then: () => void) => real.after(0, then) };
  const events = createEvents(config, clock);
  await log.append({ records: [events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: {} })] });
  const body = encodeProtobuf("LogsResponse", { partialSuccess: { rejectedLogRecords: "1", errorMessage: "x".repeat(56) } });
  assert.equal(new TextDecoder().decode(body.subarray(0, 2)), "\n<");
  let posts = 0;
  let told: () => void = () => undefined;
  const collector: Collector = { post: () => Promise.resolve({ status: 200, retryAfterMs: undefined, body: posts++ === 0 ? body : new Uint8Array() }) };
  log.onCommit(() => told());
  const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding: "protobuf", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: () => undefined } } });
  while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await out.close();
  assert.deepEqual([posts, out.status().aside, out.status().problem], [1, 1, undefined]);
  await log.close();
});

test("what was kept no longer while the collector was away is counted, and what is left goes", async (context) => {
  const folder = tempFolder(context);
  const before = await openTempLog(folder, { name: "gateway-1", segmentBytesMax: 32 << 10 });
  const real = createClock();
  const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (_ms: number, then: () => void) => real.after(5, then) };
  const events = createEvents(config, clock);
  const words = Array.from({ length: 20 }, (_, index) => `word-${index}`);
  for (const word of words) await before.append({ records: [events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: { text: word, much: "x".repeat(6_000) } })] });
  const arrived: string[] = [];
  let isThere = false;
  let told: () => void = () => undefined;
  const collector: Collector = {
    post: (_url, _type, body) => {
      if (!isThere) return Promise.reject(new Error("nobody"));
      arrived.push(...[...new TextDecoder().decode(body).matchAll(/"stringValue":"(word-\d+)"/g)].map(([, word = ""]) => word));
      return Promise.resolve({ status: 200, retryAfterMs: undefined, body: new TextEncoder().encode("{}") });
    },
  };
  const gone = await before.retain((parts) => parts.slice(0, -2).map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), () => events.record({ stream: "audit", type: "test.gone", class: "public", producer: "test", data: {} }));
  assert.ok(gone.length > 0);
  await before.close();
  const log = await openTempLog(folder, { name: "gateway-1", segmentBytesMax: 32 << 10 }); // what was just written can be read from memory for a while
  const head = log.head({ origin: log.origin, stream: "telemetry" })?.sequence ?? 0;
  log.onCommit(() => told());
  const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://holon:secret@collector:4318/path", encoding: "json", jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: () => undefined } } });
  while (out.status().problem === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([out.status().to, out.status().problem?.code, out.status().problem?.message], ["collector:4318", "HOLON_COLLECTOR_UNREACHABLE", "the collector collector:4318 does not answer"]);
  isThere = true;
  while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
  await out.close();
  const { gone: lost, sent, problem } = out.status();
  assert.ok(arrived.length > 0 && arrived.length < words.length);
  assert.deepEqual(arrived, words.slice(-arrived.length));
  assert.deepEqual([lost + sent, problem], [head, undefined]);
  assert.ok(lost > 0);
  await log.close();
});

for (const encoding of ["json", "protobuf"] as const) {
  test(`an answer of few words, or in other JSON that says no word against it, takes what was sent in ${encoding}; a text does not`, async (context) => {
    const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
    const real = createClock();
    const clock = { ...real, wall: () => real.wall(), monotonicMs: () => real.monotonicMs(), after: (_ms: number, then: () => void) => real.after(0, then) };
    const events = createEvents(config, clock);
    const answers = ["", "{}", "ok", '"OK"\n', "null", '{"partialSuccess":{"errorMessage":"slow"}}', '{"status":"success"}'];
    const says = ["login required", "Please log in to the guest network.", ...answers];
    let told: () => void = () => undefined;
    let posts = 0;
    const collector: Collector = { post: () => Promise.resolve({ status: 200, retryAfterMs: undefined, body: new TextEncoder().encode(says[posts++] ?? "") }) };
    log.onCommit(() => told());
    const out = createOtlpOut({ settings: exportSettingsSchema.parse({ url: "http://collector", encoding, jurisdiction: "EU" }), log, collector, mayLeave: () => Promise.resolve(true), ports: { clock, random: { bytes: () => new Uint8Array(), uniform: () => 0 }, trace: { note: () => undefined } } });
    for (const [index] of answers.entries()) {
      await log.append({ records: [events.record({ stream: "telemetry", type: "test.said", class: "public", producer: "test", data: { index } })] });
      out.committed([{ origin: log.origin, stream: "telemetry" }]);
      while (out.status().behind > 0) await new Promise<void>((resolve) => (told = resolve));
    }
    await out.close();
    assert.deepEqual([posts, out.status().problem, out.status().aside], [says.length, undefined, 0], "each that was no answer was asked again, each that was one was not");
    await log.close();
  });
}

test("the path of a signal stands before the query of a collector's address", () => {
  assert.deepEqual(["http://127.0.0.1:4318", "http://127.0.0.1:4318/", "https://otel.plant.example/base/?key=X", "http://name:word@otel"].map((url) => addressOf(url, "metrics")), ["http://127.0.0.1:4318/v1/metrics", "http://127.0.0.1:4318/v1/metrics", "https://otel.plant.example/base/v1/metrics?key=X", "http://name:word@otel/v1/metrics"]);
});
