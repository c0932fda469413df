import assert from "node:assert/strict";
import { test } from "node:test";
import { defineEvent, defineFunction, schema } from "../index.ts";
import { readRecording, testFunction, testStartMs } from "./index.ts";

const reading = defineEvent({ type: "pump.reading", data: schema.object({ bar: schema.number() }) });
const alert = defineEvent({ type: "pump.alert", stream: "alarm", class: "derived", data: schema.object({ bar: schema.number(), count: schema.int() }) });

const counts = defineFunction({
  on: reading,
  emits: { [alert.type]: alert },
  run({ data }, { state, emit, status }) {
    const count = Number(state.get("count") ?? 0) + 1;
    state.set("count", count);
    status(`${count} seen`);
    if (data.bar > 5) emit(alert.type, { data: { bar: data.bar, count } });
  },
});

test("a function is run over events, and what it gave is there to be looked at", async () => {
  const { outputs, state, status } = await testFunction(counts, { events: [{ data: { bar: 4 } }, { data: { bar: 6 }, subject: "pump-7" }, { type: "other.reading", data: 1 }], state: { count: 10 } });
  assert.deepEqual(outputs, [{ type: "pump.alert", subject: "pump-7", timeMs: testStartMs + 1_000, data: { bar: 6, count: 12 }, causedBy: "test/2" }]);
  assert.deepEqual([state, status], [{ count: 12 }, "12 seen"]);
});

test("data that a schema does not allow is named, not its value", async () => {
  await assert.rejects(testFunction(counts, { events: [{ data: { bar: "hush" } }] }), ({ message }: Error) => /HOLON_EVENT_BAD.*pump\.reading test\/1.*at bar/.test(message) && !message.includes("hush"));
  const liar = defineFunction({ on: { type: "a.b" }, emits: { [alert.type]: alert }, run: (_, { emit }) => emit(alert.type, { data: { bar: 1, count: 0.5 } }) });
  await assert.rejects(testFunction(liar, { events: [{ data: null }] }), /HOLON_UNIT_BAD.*pump\.alert.*at count/);
});

test("windows close by event time, and by silence in virtual time", async () => {
  const windowed = defineFunction({
    on: { ...reading, window: { kind: "tumbling", sizeMs: 10_000 }, late: { allowedMs: 2_000, rule: "aside" }, watermark: { idleMs: 30_000 } },
    emits: { "pump.mean": { stream: "data", class: "aggregate" } },
    run: ({ startMs, reason, events }, { emit }) => emit("pump.mean", { data: { from: startMs - testStartMs, reason, mean: events.reduce((sum, { data }) => sum + data.bar, 0) / events.length } }),
  });
  const at = (second: number, bar: number, arrived = second) => ({ timeMs: testStartMs + 1_000 * second, arrivedMs: testStartMs + 1_000 * arrived, data: { bar } });
  const events = [at(1, 1), at(12, 5), at(3, 3, 12), at(13, 7), at(4, 100, 14)];
  const { outputs, leftOut } = await testFunction(windowed, { events });
  assert.deepEqual(outputs.map(({ data }) => data), [{ from: 0, reason: "watermark", mean: 1 }, { from: 10_000, reason: "idle", mean: 6 }]);
  assert.deepEqual(leftOut.map(({ event, why }) => [event.timeMs - testStartMs, why]), [[3_000, "late"], [4_000, "late"]]);
  assert.equal((await testFunction(windowed, { events, waitMs: 1_000 })).outputs.length, 1, "nobody waited for long enough");
});

test("a model is a function of its inputs and of what was fitted", async () => {
  const fits = defineFunction({
    on: reading,
    emits: { "pump.score": { stream: "data", class: "derived" } },
    models: ["scale"],
    async run({ data }, { models, emit }) {
      const value = { shape: [1], values: Float32Array.of(data.bar) };
      if (!models.scale.fitted("p")) models.scale.fit("p", { by: value }, "1 row");
      const { y } = await models.scale.run({ x: value }, { parameters: "p" });
      emit("pump.score", { data: y?.values[0] });
    },
  });
  const scale = ({ x, by }: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>>) => ({ y: { shape: [1], values: Float32Array.of((x?.values[0] ?? 0) / (by?.values[0] ?? 1)) } });
  const first = await testFunction(fits, { events: [{ data: { bar: 4 } }, { data: { bar: 8 } }], models: { scale } });
  assert.deepEqual([first.outputs.map(({ data }) => data), first.inferences, first.fitted.map(({ note }) => note)], [[1, 2], 2, ["1 row"]]);
  const again = await testFunction(fits, { events: [{ data: { bar: 2 } }], models: { scale }, fitted: first.fitted });
  assert.deepEqual(again.outputs.map(({ data }) => data), [0.5]);
});

test("a recording of events is read, and a line that is none is named", async () => {
  const event = { specversion: "1.0", id: "gateway-1/a/local/1", type: "pump.reading", source: "/gateway-1", time: "2026-01-01T00:00:00.000Z", recordedtime: "2026-01-01T00:00:01.000Z", clock: "synced", class: "raw", jurisdiction: "EU/DE", data: { bar: 9 } };
  const { outputs } = await testFunction(counts, { events: readRecording(`${JSON.stringify(event)}\n\n`) });
  assert.deepEqual(outputs.map(({ causedBy }) => causedBy), ["gateway-1/a/local/1"]);
  assert.throws(() => [...readRecording(`${JSON.stringify(event)}\n{}\n`)], /line 2/);
});

test("state that sites share is as on a node: changes show at once, and what others did is kept", async () => {
  const shares = defineFunction({
    on: reading,
    emits: { "pump.made": { stream: "data", class: "aggregate" } },
    run({ data }, { shared, emit }) {
      const made = shared.counter("made");
      made.add(data.bar);
      const open = shared.set("open", "pumps");
      if (open.has("p1")) open.remove("p1");
      open.add(data.bar);
      shared.register("mode").set({ before: shared.register("mode").get() ?? null });
      emit("pump.made", { data: [made.value(), open.values()] });
    },
  });
  const declared = { made: { kind: "counter", at: { "": 40 } }, open: { kind: "set", at: { pumps: ["p1", "p2"] } }, mode: { kind: "register" } } as const;
  const { outputs, shared } = await testFunction(shares, { events: [{ data: { bar: 1 } }, { data: { bar: 2 } }], shared: declared });
  assert.deepEqual(outputs.map(({ data }) => data), [[41, ["p2", 1]], [43, ["p2", 1, 2]]]);
  assert.deepEqual(shared, { made: { "": 43 }, open: { pumps: [1, 2, "p2"] }, mode: { "": { before: { before: null } } } });
  await assert.rejects(testFunction(shares, { events: [{ data: { bar: 1 } }] }), /HOLON_SHARED_BAD/);
});

test("the node's time is virtual time, also when silence ends a window; it is there only where it is granted", async () => {
  const tells = defineFunction({ on: reading, emits: { "pump.time": { stream: "data", class: "derived" } }, run: (_, { time, emit }) => emit("pump.time", { data: [time.eventMs - testStartMs, time.now().ms - testStartMs, time.now().hybrid.count] }) });
  const events = [{ timeMs: testStartMs, arrivedMs: testStartMs + 9_000, data: { bar: 1 } }, { timeMs: testStartMs + 1_000, arrivedMs: testStartMs + 5_000, data: { bar: 1 } }];
  assert.deepEqual((await testFunction(tells, { events, clock: true })).outputs.map(({ data }) => data), [[0, 9_000, 0], [1_000, 9_000, 1]]);
  await assert.rejects(testFunction(tells, { events }), /HOLON_UNIT_BAD.*clock: true/);
  const windowed = defineFunction({ on: { ...reading, window: { kind: "tumbling", sizeMs: 10_000 }, watermark: { idleMs: 30_000 } }, emits: { "pump.time": { stream: "data", class: "derived" } }, run: (_, { time, emit }) => emit("pump.time", { data: time.now().ms - testStartMs }) });
  assert.deepEqual((await testFunction(windowed, { events: events.slice(0, 1), clock: true })).outputs.map(({ data }) => data), [39_000]);
});

test("secrets are those that are given, and may not be given away", async () => {
  const asks = defineFunction({ on: reading, emits: { "pump.asked": { stream: "data", class: "derived" } }, run: ({ data }, { secrets, emit }) => emit("pump.asked", { data: data.bar > 5 ? secrets.get("erp") : secrets.get("erp").length }) });
  assert.deepEqual((await testFunction(asks, { events: [{ data: { bar: 1 } }], secrets: { erp: "12345678" } })).outputs.map(({ data }) => data), [8]);
  await assert.rejects(testFunction(asks, { events: [{ data: { bar: 9 } }], secrets: { erp: "12345678" } }), ({ code, message }: Error & { readonly code?: string }) => code === "HOLON_SECRET_LEAKED" && !message.includes("12345678"));
  await assert.rejects(testFunction(asks, { events: [{ data: { bar: 1 } }] }), /HOLON_UNIT_BAD.*secret/);
});

test("a trace goes on in what is emitted, by ids that are the same in each run", async () => {
  const passes = defineFunction({ on: reading, emits: { "pump.passed": { stream: "data", class: "derived" } }, run: (_, { trace, emit }) => emit("pump.passed", { data: trace?.spanId ?? null }) });
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const { outputs } = await testFunction(passes, { events: [{ data: { bar: 1 }, traceparent: `00-${trace}-00f067aa0ba902b7-01` }, { data: { bar: 1 } }] });
  assert.deepEqual(outputs.map(({ data, traceparent }) => [data, traceparent]), [["0000000000000001", `00-${trace}-0000000000000001-01`], [null, undefined]]);
});
