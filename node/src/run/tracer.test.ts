import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { UnitCall, UnitEvent } from "@holon/core/ports.ts";
import { parseDefinition } from "@holon/core/run/inside.ts";
import { createUnitHost } from "@holon/core/run/host.ts";
import { spanDataSchema, type SpanData } from "@holon/core/telemetry/span.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { createTracer, type Asking } from "./tracer.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const followed = `00-${trace}-00f067aa0ba902b7-01`;
const event = (id: string, more: Partial<UnitEvent> = {}): UnitEvent => ({ id, type: "in.came", source: "/gateway-1/app/pumps", subject: "valve1", timeMs: 1, arrivedMs: 1, data: { flow: "zeta" }, ...more });

function tracer(isThinned: () => boolean = () => false) {
  let nowMs = 1_000;
  const clock = { wall: () => ({ ms: 1_700_000_000_000 + nowMs, state: "synced" as const }), monotonicMs: () => nowMs };
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, { ...clock, elapsedMs: () => nowMs, after: () => ({ cancel: () => undefined }) });
  const asking: Asking = { of: undefined };
  const made = createTracer({ asking, isThinned, app: { name: "app", sources: [], tracing: { share: 0, spansPerSecondMax: 10 } }, fn: "judge", models: new Set(["pca", "large"]), answerers: new Set(["cloud-1"]), node: "gateway-1", trigger: "pubsub", hopOf: ({ id }) => (id.startsWith("far-1/") ? "aaaaaaaaaaaaaaaa" : undefined), events, clock, random: createRandom() });
  return { made, asking, pass: (ms: number) => void (nowMs += ms), startMs: 1_700_000_000_000 + nowMs };
}

const read = (records: readonly NewRecord[]): readonly SpanData[] => records.map(({ bytes }) => spanDataSchema.parse((JSON.parse(new TextDecoder().decode(bytes)) as { readonly data: unknown }).data));
const ms = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n);

test("models that a function asked are spans within the function's, of the event for which it asked", () => {
  const { made, pass, startMs } = tracer();
  const traced = made.begin([event("gateway-1/e/local/1"), event("gateway-1/e/local/2", { traceparent: followed })]);
  pass(50);
  const calls: readonly UnitCall[] = [{ model: "pca", cause: 0, atMs: 1, tookMs: 5 }, { model: "pca", cause: 1, atMs: 6, tookMs: 20 }, { model: "large", cause: 1, atMs: 40, tookMs: 30, by: "cloud-1" }, { model: "anna-example", cause: 1, atMs: 70, tookMs: 1 }, { model: "pca", cause: 0, atMs: 7, tookMs: 1, by: "anna example" }];
  const spans = read(traced.spans(undefined, calls));
  const [step, near, far] = spans;
  assert.deepEqual(spans.map(({ name, kind }) => `${name} ${kind}`), ["app/judge SPAN_KIND_CONSUMER", "model pca SPAN_KIND_INTERNAL", "model large SPAN_KIND_CLIENT"]);
  assert.deepEqual([near?.parentSpanId, far?.parentSpanId, near?.traceId], [step?.spanId, step?.spanId, trace]);
  assert.deepEqual([near, far].map((span) => [ms(span?.startTimeUnixNano ?? "0") - startMs, ms(span?.endTimeUnixNano ?? "0") - startMs]), [[6, 26], [20, 50]], "none is longer than it was, or ends behind the function");
  assert.equal(far?.attributes["holon.model.answered_by"], "cloud-1");
  assert.ok(!JSON.stringify(spans).includes("zeta") && !JSON.stringify(spans).includes("valve1"), "names and times alone");
});

test("a question to a model carries the step in which it is asked, of the event for which it is asked", () => {
  const { made, asking } = tracer();
  const other = "5bf92f3577b34da6a3ce929d0e0e4737";
  const traced = made.begin([event("gateway-1/e/local/1", { traceparent: followed }), event("gateway-1/e/local/2"), event("gateway-1/e/local/3", { traceparent: followed.replace(trace, other) })]);
  const carried = [asking.of?.("large", 0), asking.of?.("large", 2), asking.of?.("large", 0)].map((text) => parseTraceparent(text));
  assert.deepEqual([asking.of?.("large", 1), asking.of?.("anna-example", 0), asking.of?.("large", undefined), asking.of?.("large", 7)], [undefined, undefined, undefined, undefined], "not followed; none that it may ask; of which event nobody says");
  const call = (cause: number): UnitCall => ({ model: "large", cause, atMs: 0, tookMs: 1 });
  const steps = read(traced.spans(undefined, [call(0), call(0), call(1), call(2)])).filter(({ name }) => name === "model large");
  assert.deepEqual(steps.map(({ traceId, spanId }) => [traceId, spanId]), [[trace, carried[0]?.spanId], [trace, carried[2]?.spanId], [other, carried[1]?.spanId]]);
  assert.equal(typeof asking.of, "undefined", "the batch is over");
  made.begin([event("gateway-1/e/local/4", { traceparent: followed })]);
  assert.equal(parseTraceparent(asking.of?.("large", undefined))?.traceId, trace, "it can be of no other event");
  made.begin([event("gateway-1/e/local/5")]);
  assert.equal(typeof asking.of, "undefined");
});

test("steps of a trace that may be thinned wait in local, but those of an alarm or an error do not", () => {
  const { made } = tracer(() => true);
  const led = () => [event("gateway-1/e/local/1", { traceparent: followed }), event("gateway-1/e/local/2", { traceparent: followed })];
  const call: UnitCall = { model: "pca", cause: 1, atMs: 0, tookMs: 1 };
  assert.deepEqual(made.begin(led()).spans(undefined, [call]).map(({ stream }) => stream), ["local", "local", "local"]);
  const alarming = made.begin(led());
  alarming.alarmed([{ cause: 1, type: "out.alarm", subject: "valve1", data: {}, timeMs: 1 }]);
  const told = alarming.spans(undefined, [call]);
  assert.deepEqual(told.map(({ stream }) => stream), ["local", "telemetry", "telemetry"]);
  assert.deepEqual(read(told).map(({ attributes }) => attributes["holon.trace.kept"]), [undefined, "alarm", undefined]);
  assert.deepEqual(made.begin(led()).spans(new HolonError("HOLON_UNIT_THREW", "no"), []).map(({ stream }) => stream), ["telemetry", "local"]);
});

test("what came over a link was led to by its way over it", () => {
  const { made } = tracer();
  const [near, far] = read(made.begin([event("gateway-1/e/data/1", { traceparent: followed }), event("far-1/e/data/1", { traceparent: followed })]).spans(undefined, []));
  assert.deepEqual([near?.parentSpanId, far?.parentSpanId], ["00f067aa0ba902b7", "aaaaaaaaaaaaaaaa"]);
  assert.equal(far?.attributes["holon.event.span"], "00f067aa0ba902b7", "should that span be missing");
});

test("an error that comes again and again is kept when it came first, and then once a minute", () => {
  const { made, pass } = tracer();
  const fails = (): number => made.begin([event("gateway-1/e/local/1")]).spans(new HolonError("HOLON_UNIT_THREW", "no"), []).length;
  const kept: number[] = [];
  for (let second = 0; second < 150; second += 10) {
    kept.push(fails());
    pass(10_000);
  }
  assert.deepEqual(kept, [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
  pass(limits.alarmQuietMs);
  assert.equal(fails(), 1, "it began anew");
});

test("a sandbox tells of the calls of models for what is followed, and for what led to an alarm", async () => {
  let nowMs = 0;
  const definition = parseDefinition(
    {
      kind: "holon.function",
      on: { type: "in.came" },
      emits: { "out.alarm": { stream: "alarm", class: "derived" }, "out.made": { stream: "data", class: "derived" } },
      models: ["pca"],
      run: async (came: UnitEvent, context: { readonly models: { readonly pca: { run(inputs: object): Promise<unknown> } }; emit(type: string, output: object): void }) => {
        await context.models.pca.run({});
        context.emit(came.data === "alarm" ? "out.alarm" : "out.made", { data: 1 });
      },
    },
    "judge",
  );
  const models = { run: () => ((nowMs += 3), Promise.resolve({})), bind: () => undefined };
  const host = createUnitHost({ name: "judge", definition, modelNames: ["pca"], fitted: [], state: new Map(), models, nowMs: () => nowMs });
  const span = { traceId: trace, spanId: "00f067aa0ba902b7", sampled: true };
  const { calls, inferenceMs } = await host.handle([event("1"), event("2", { data: "alarm" }), event("3"), event("4", { span }), event("5", { span: { ...span, sampled: false } })]);
  assert.deepEqual(calls, [{ model: "pca", cause: 1, atMs: 3, tookMs: 3 }, { model: "pca", cause: 3, atMs: 9, tookMs: 3 }]);
  assert.equal(inferenceMs.length, 5);
  assert.equal((await host.handle([event("6")])).calls, undefined);
});
