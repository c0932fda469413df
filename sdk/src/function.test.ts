import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDefinition } from "@holon/core/run/parse-definition.ts";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import { defineApp, defineEvent, defineFunction, defineModel, schema } from "./index.ts";

test("a definition is what the runner takes, and types hold emit and models to what is declared", () => {
  const definition = defineFunction({
    on: { type: "pump.reading" },
    emits: { "pump.alert": { stream: "alarm", class: "derived" } },
    models: ["pca"],
    run(event, context) {
      context.emit("pump.alert", { data: event.data });
      // @ts-expect-error: a type that is not declared
      context.emit("pump.other", { data: 1 });
      // @ts-expect-error: a model that is not declared
      assert.equal(context.models.other, undefined);
      assert.ok(context.models.pca);
    },
  });
  assert.equal(parseDefinition(definition, "judge"), definition);
  const emitted: string[] = [];
  const model = { run: async () => ({}), decide: async () => [], fitted: () => false, parameters: () => undefined, fit: () => undefined };
  const context = { emit: (type: string) => void emitted.push(type), state: { get: () => undefined, set: () => undefined, delete: () => undefined }, shared: noShared, ...nothingElse, models: { pca: model }, status: () => undefined };
  void definition.run({ id: "1", type: "pump.reading", source: "/", subject: undefined, timeMs: 0, arrivedMs: 0, data: 1 }, context);
  assert.deepEqual(emitted, ["pump.alert", "pump.other"]);
});

test("a function over windows is handed a typed window", () => {
  const definition = defineFunction({
    on: { type: "pump.reading", window: { kind: "tumbling", sizeMs: 1_000 } },
    emits: { "pump.second": { stream: "data", class: "aggregate" } },
    run(window, context) {
      context.emit("pump.second", { subject: window.subject, timeMs: window.startMs, data: window.events.map(({ timeMs }) => timeMs) });
      // @ts-expect-error: a type that is not declared
      context.emit("pump.other", { data: window.revision });
    },
  });
  const emitted: unknown[] = [];
  const context = { emit: (...what: unknown[]) => void emitted.push(what), state: { get: () => undefined, set: () => undefined, delete: () => undefined }, shared: noShared, ...nothingElse, models: {}, status: () => undefined };
  const event = { id: "1", type: "pump.reading", source: "/", subject: "p", timeMs: 3, arrivedMs: 4, data: 1 };
  const data = { startMs: 0, endMs: 1_000, revision: 0, reason: "watermark", replaces: [], events: [event] };
  void definition.run({ ...event, timeMs: 999, data }, context);
  assert.deepEqual(emitted, [["pump.second", { subject: "p", timeMs: 0, data: [3] }], ["pump.other", { data: 0 }]]);
  // @ts-expect-error: a kind of window that there is not
  assert.ok(defineFunction({ on: { type: "a.b", window: { kind: "global" } }, emits: {}, run() {} }));
});

const nothingElse = { time: { eventMs: 0, arrivedMs: 0, now: () => assert.fail("not granted") }, secrets: { get: () => assert.fail("not declared") }, trace: undefined };
const noShared = {
  register: () => ({ get: () => undefined, set: () => undefined }),
  counter: () => ({ value: () => 0, add: () => undefined }),
  set: () => ({ values: () => [], has: () => false, add: () => undefined, remove: () => undefined }),
};
const pressure = defineEvent({ type: "pump.pressure", data: schema.object({ bar: schema.number() }) });
const alert = defineEvent({ type: "pump.alert", stream: "alarm", class: "derived", data: schema.object({ score: schema.number(), sensor: schema.optional(schema.string()) }) });

test("the types of data follow from the schemas of events", () => {
  const definition = defineFunction({
    on: pressure,
    emits: { [alert.type]: alert },
    run(event, context) {
      context.emit(alert.type, { data: { score: event.data.bar, sensor: "a" } });
      // @ts-expect-error: a score is a number
      context.emit(alert.type, { data: { score: "high" } });
      // @ts-expect-error: no such field
      context.emit("pump.alert", { data: { score: 1, bar: event.data.flow } });
    },
  });
  assert.deepEqual(JSON.parse(JSON.stringify({ on: definition.on, emits: definition.emits })), { on: { type: "pump.pressure" }, emits: { "pump.alert": { stream: "alarm", class: "derived" } } });
  const windowed = defineFunction({
    on: { ...pressure, window: { kind: "session", gapMs: 5 } },
    emits: { [alert.type]: alert },
    run: ({ events }, context) => context.emit("pump.alert", { data: { score: Math.max(...events.map(({ data }) => data.bar)) } }),
  });
  assert.deepEqual(windowed.on, { type: "pump.pressure", window: { kind: "session", gapMs: 5 } });
});

const judge = defineModel({ name: "judge", inputs: { x: [null, 16] }, outputs: { y: [null, 2] } });

test("the names of a model's tensors follow from its declaration", () => {
  const x = { shape: [1, 16], values: new Float32Array(16) };
  const definition = defineFunction({
    on: { type: "pump.reading" },
    emits: {},
    models: [judge, "pca"],
    async run(_, { models }) {
      const { y } = await models.judge.run({ x });
      assert.equal(y.values.length, 2);
      assert.ok((await models.judge.run({}, { parameters: "pump-1" })).y);
      assert.ok((await models.pca.run({ anything: x }))["any"]);
      // @ts-expect-error: an input that is not declared
      await models.judge.run({ image: x });
      // @ts-expect-error: an output that is not declared
      assert.equal((await models.judge.run({ x })).z, undefined);
      // @ts-expect-error: a model that is not declared
      assert.equal(models.other, undefined);
    },
  });
  assert.deepEqual([definition.models, definition.modelShapes], [["judge", "pca"], { judge: { inputs: { x: [null, 16] }, outputs: { y: [null, 2] } } }]);
  assert.equal(parseDefinition(definition, "judge"), definition);
});

test("what is no definition is refused", () => {
  for (const value of [undefined, null, 4, {}, { kind: "holon.function", run() {} }, { kind: "other", on: { type: "a" }, emits: {}, models: [], run() {} }]) {
    assert.throws(() => parseDefinition(value, "judge"), /function judge.*defineFunction/);
  }
});

test("a manifest is typed as its schema has it", () => {
  const manifest = defineApp({ name: "small", functions: [{ name: "judge", module: "src/judge.ts" }] });
  assert.equal(appManifestSchema.parse(manifest).functions[0]?.timeoutMs, 10_000);
  // @ts-expect-error: an app has a name
  assert.throws(() => appManifestSchema.parse(defineApp({})));
});
