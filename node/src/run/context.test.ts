/** What a function is given beside its events: time, secrets, the trace of what it handles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { FunctionBed } from "../testing/function-bed.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const on = { type: "in.came" };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly status: { readonly code: string };
}
const spansOf = async (bed: FunctionBed): Promise<readonly Span[]> => (await bed.events("telemetry", "holon.trace.span")).map(({ data }) => data as Span);

test("the node's time is given where the app grants it, and only there", async () => {
  const body = `const {eventMs, arrivedMs}=context.time; context.emit("out.made",{data:{eventMs, arrivedMs, now:context.time.now()}}); if (event.moment!==undefined) throw new Error("not for functions");`;
  const bed = await FunctionBed.open({ functions: [{ name: "told", on, body, extra: { clock: true } }, { name: "blind", on, body, extra: { retriesMax: 0 } }] });
  const beforeMs = bed.machine.clock.wallMs();
  await bed.send("in.came", { data: 1, timeMs: 5_000 }, { data: 2, timeMs: 6_000 });
  await bed.handled("told", 2);
  const [first, second] = (await bed.events("data", "out.made")).map(({ data }) => data as { readonly eventMs: number; readonly arrivedMs: number; readonly now: { readonly ms: number; readonly state: string; readonly hybrid: { readonly ms: number } } });
  assert.deepEqual([first?.eventMs, second?.eventMs], [5_000, 6_000]);
  assert.deepEqual(first?.now, second?.now, "one batch has one time");
  assert.ok(first !== undefined && first.arrivedMs >= beforeMs && first.now.hybrid.ms >= first.arrivedMs && first.now.ms <= bed.machine.clock.wallMs());
  await bed.until("the other was refused", () => bed.node.failedEvents().length === 2);
  assert.match(bed.node.failedEvents()[0]?.message ?? "", /app\/blind.*HOLON_UNIT_BAD.*clock: true/);
});

test("a trace is followed from function to function, and each step is written once, as OpenTelemetry has it", async () => {
  const bed = await FunctionBed.open({
    functions: [
      { name: "first", on, body: `context.emit("out.made",{data:context.trace})` },
      { name: "then", on: { type: "out.made" }, body: `context.emit("out.sum",{data:context.trace})` },
    ],
  });
  await bed.send("in.came", { data: 1, traceparent: `00-${trace}-${parent}-01` }, { data: 2 }, { data: 3, traceparent: `00-${trace}-${parent}-00` });
  await bed.handled("then", 3);
  await bed.until("both are stored", () => (bed.unit("then")?.emitted ?? 0) === 3);
  const [one, other, ...more] = await spansOf(bed);
  assert.equal(more.length, 0, "what came without a trace, or unsampled, is not written");
  assert.deepEqual([one?.traceId, one?.parentSpanId, one?.name, one?.status.code], [trace, parent, "app/first", "STATUS_CODE_OK"]);
  assert.deepEqual([other?.traceId, other?.parentSpanId, other?.name], [trace, one?.spanId, "app/then"]);
  assert.deepEqual([one?.attributes["faas.trigger"], one?.attributes["cloudevents.event_type"], one?.attributes["service.instance.id"]], ["pubsub", "in.came", "gateway-1"]);
  assert.ok(BigInt(one?.endTimeUnixNano ?? 0) >= BigInt(one?.startTimeUnixNano ?? 1));
  const sums = await bed.events("data", "out.sum");
  assert.deepEqual(sums.map(({ data }) => data), [{ traceId: trace, spanId: other?.spanId, sampled: true }, null, { traceId: trace, spanId: parent, sampled: false }]);
  assert.deepEqual(sums.map(({ traceparent }) => parseTraceparent(traceparent)?.spanId), [other?.spanId, undefined, parent]);
  assert.deepEqual((await bed.events("data", "out.made")).map(({ traceparent }) => traceparent), [`00-${trace}-${one?.spanId}-01`, undefined, `00-${trace}-${parent}-00`]);
});

test("an app says for which part a trace begins, and how many spans are written; the rest is counted", async () => {
  const bed = await FunctionBed.open({ functions: [{ name: "first", on, body: "" }], app: { tracing: { share: 0.25, spansPerSecondMax: 5 } } });
  await bed.send("in.came", ...Array.from({ length: 200 }, (_, data) => ({ data })));
  await bed.handled("first", 200);
  await bed.until("a second has passed", () => false, 2_000).catch(() => undefined);
  await bed.send("in.came", ...Array.from({ length: 40 }, (_, data) => ({ data })));
  await bed.handled("first", 240);
  const spans = await spansOf(bed);
  assert.equal(spans.length, 10);
  assert.ok(spans.every(({ parentSpanId }) => parentSpanId === undefined) && new Set(spans.map(({ traceId }) => traceId)).size === 10);
  const dropped = spans.reduce((sum, { attributes }) => sum + Number(attributes["holon.spans_dropped"] ?? 0), 0);
  assert.ok(dropped > 20 && dropped < 70, `of 200 events a quarter begins a trace: ${dropped} + 5`);
});

test("the step in which a function failed says so, with the code", async () => {
  const bed = await FunctionBed.open({ functions: [{ name: "first", on, body: `throw new Error("no")`, extra: { retriesMax: 1 } }] });
  await bed.send("in.came", { data: 1, traceparent: `00-${trace}-${parent}-01` });
  await bed.until("it was set aside", () => bed.node.failedEvents().length === 1);
  await bed.until("it is told", () => (bed.unit("first")?.handled ?? 0) === 1);
  const spans = await spansOf(bed);
  assert.deepEqual(spans.map(({ status, attributes }) => [status.code, attributes["error.type"]]), [["STATUS_CODE_ERROR", "HOLON_UNIT_THREW"]]);
});

test("what raises an alarm or fails is kept without a sampled trace: the first, now and then one, and the one that says that it is over", async () => {
  const extra = { retriesMax: 0 };
  const bed = await FunctionBed.open({
    functions: [
      { name: "warns", on, body: `if (event.data.alarm) context.emit("out.alarm",{subject:event.data.of,data:{state:event.data.alarm}}); else context.emit("out.made",{data:1})` },
      { name: "fails", on: { type: "in.bad" }, body: `throw new Error("no")`, extra },
    ],
    app: { tracing: {} },
  });
  const alarm = (of: string, state = "open"): { readonly data: unknown } => ({ data: { alarm: state, of } });
  await bed.send("in.came", { data: {} }, alarm("a"), alarm("a"), alarm("b"), { ...alarm("c"), traceparent: `00-${trace}-${parent}-00` });
  await bed.handled("warns", 5);
  await bed.until("a minute has passed", () => false, 61_000).catch(() => undefined);
  await bed.send("in.came", alarm("a"), alarm("b", "closed"), alarm("a"));
  await bed.handled("warns", 8);
  const alarms = await bed.events("alarm", "out.alarm");
  assert.deepEqual(alarms.map(({ subject, traceparent }) => `${subject} ${parseTraceparent(traceparent)?.sampled ?? "none"}`), ["a true", "a none", "b true", "c true", "a true", "b true", "a none"]);
  const spans = await spansOf(bed);
  assert.deepEqual(spans.map(({ spanId }) => spanId), alarms.flatMap(({ traceparent }) => parseTraceparent(traceparent)?.spanId ?? []), "each of them is a span of the function that raised it");
  assert.deepEqual(spans.map(({ traceId, parentSpanId }) => [traceId === trace, parentSpanId]), [[false, undefined], [false, undefined], [true, parent], [false, undefined], [false, undefined]]);
  assert.equal((await bed.events("data", "out.made"))[0]?.traceparent, undefined);
  await bed.send("in.bad", { data: 1 }, { data: 2 });
  await bed.until("both were set aside", () => bed.node.failedEvents().length === 2);
  await bed.handled("fails", 2);
  assert.deepEqual((await spansOf(bed)).filter(({ name }) => name === "app/fails").map(({ status }) => status.code), ["STATUS_CODE_ERROR"], "the first of the same error");
});

test("what an event led to begins no trace of its own: that was decided with the event", async () => {
  const bed = await FunctionBed.open({
    functions: [{ name: "first", on, body: `context.emit("out.made",{data:1})` }, { name: "then", on: { type: "out.made" }, body: "" }],
    app: { tracing: { share: 0.5, spansPerSecondMax: 1_000 } },
  });
  await bed.send("in.came", ...Array.from({ length: 100 }, (_, data) => ({ data })));
  await bed.handled("then", 100);
  const spans = await spansOf(bed);
  const [first, then] = ["app/first", "app/then"].map((unit) => spans.filter(({ name }) => name === unit));
  assert.ok((first?.length ?? 0) > 20 && (first?.length ?? 0) < 80);
  assert.deepEqual(then?.map(({ traceId, parentSpanId }) => [traceId, parentSpanId]), first?.map(({ traceId, spanId }) => [traceId, spanId]));
});

const secret = "tok-\"4711\"-secret";

test("a secret is given to the function whose app names it, and to no other", async () => {
  const body = `context.status("has "+context.secrets.get("erp").length+" "+event.data);`;
  const bed = await FunctionBed.open({
    secrets: { erp: secret, other: "another-secret" },
    functions: [{ name: "told", on, body, extra: { secrets: ["erp"] } }, { name: "blind", on, body, extra: { retriesMax: 0 } }, { name: "curious", on, body: `context.secrets.get("other")`, extra: { secrets: ["erp"], retriesMax: 0 } }],
  });
  await bed.send("in.came", { data: 1 });
  await bed.handled("told", 1);
  assert.equal(bed.unit("told")?.status, `has ${secret.length} 1`);
  await bed.until("the others were refused", () => bed.node.failedEvents().length === 2);
  for (const { message } of bed.node.failedEvents()) assert.match(message, /HOLON_UNIT_BAD.*secret.*does not name/);
});

test("what a function tells, puts into events, state or what sites share holds no secret: not in the log, not in what is said", async () => {
  const bodies = {
    told: `context.status("key "+context.secrets.get("erp"))`,
    emits: `context.emit("out.made",{data:{deep:["x"+context.secrets.get("erp")]}})`,
    names: `context.emit("out.made",{subject:context.secrets.get("erp"),data:1})`,
    keeps: `context.state.set("key",{token:context.secrets.get("erp")})`,
    shares: `context.shared.register("mode").set(context.secrets.get("erp"))`,
    throws: `throw Object.assign(new Error(context.secrets.get("erp")),{name:context.secrets.get("erp")})`,
  };
  const functions = Object.entries(bodies).map(([name, body]) => ({ name, on, body, extra: { secrets: ["erp"], retriesMax: 0 } }));
  const bed = await FunctionBed.open({ secrets: { erp: secret }, functions, app: { shared: [{ name: "mode", kind: "register", class: "derived" }] } });
  await bed.send("in.came", { data: 1 });
  await bed.until("all were refused but the first", () => bed.node.failedEvents().length === 5);
  await bed.handled("told", 1);
  assert.equal(bed.unit("told")?.status, "key [secret erp]");
  assert.deepEqual([...bed.node.failedEvents()].map(({ function: name, code }) => `${name} ${code}`).sort(), ["emits HOLON_SECRET_LEAKED", "keeps HOLON_SECRET_LEAKED", "names HOLON_SECRET_LEAKED", "shares HOLON_SECRET_LEAKED", "throws HOLON_UNIT_THREW"]);
  const everything = [await bed.allTexts(), JSON.stringify(bed.notes), JSON.stringify(bed.node.status()), JSON.stringify(bed.node.failedEvents())].join("\n");
  assert.ok(everything.includes("[secret erp]") && !everything.includes("4711"), everything.slice(Math.max(0, everything.indexOf("4711") - 200), everything.indexOf("4711") + 20));
});

test("a secret that the node does not have holds up its function alone, and is named", async () => {
  const bed = await FunctionBed.open({ functions: [{ name: "wants", on, body: "", extra: { secrets: ["erp"] } }, { name: "fine", on, body: "" }] });
  await bed.send("in.came", { data: 1 });
  await bed.handled("fine", 1);
  await bed.until("it says what it lacks", () => bed.unit("wants")?.problem?.code === "HOLON_SECRET_MISSING");
  assert.match(bed.unit("wants")?.problem?.message ?? "", /app\/wants.*erp/);
});

test("a function of what sites share has no sandbox while it is idle, and a new one knows all that is shared", async () => {
  const body = `const made=context.shared.counter("made"); made.add(event.data); context.emit("out.sum",{data:made.value()});`;
  const bed = await FunctionBed.open({ functions: [{ name: "counts", on, body }], app: { shared: [{ name: "made", kind: "counter", class: "aggregate" }] } });
  await bed.send("in.came", { data: 1 }, { data: 2 });
  await bed.handled("counts", 2);
  await bed.until("it is let go of", () => bed.node.status().agent.sandboxes?.warm === 0);
  await bed.send("in.came", { data: 4 });
  await bed.handled("counts", 3);
  await bed.send("in.came", { data: 8 });
  await bed.handled("counts", 4);
  assert.deepEqual((await bed.events("data", "out.sum")).map(({ data }) => data), [1, 3, 7, 15]);
  assert.equal(bed.node.status().agent.sandboxes?.coldStarts, 1, "the first was made warm ahead of its call");
});
