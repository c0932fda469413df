/** One event through everything: a device over MQTT, a function, a model, an alarm, the links with a cut in the middle, control; as the API, the command line and a collector of OpenTelemetry tell it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventSchema, type Event } from "@holon/core/schema/event.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { completenessSchema } from "@holon/core/telemetry/completeness.ts";
import { traceSchema, type Trace } from "@holon/core/telemetry/trace.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { connectAsync } from "mqtt";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { consoleAddress } from "./command/console.ts";
import { startThree } from "./machine/three.ts";
import { assertAccessible } from "./testing/accessible.ts";
import { openBrowser } from "./testing/browser.ts";
import { TestCollector } from "./testing/collector.ts";
import { repository, runHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const marker = "hush-4c1d9e";
const device = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const manifest = `name: pumps
tracing: {}
sources: [{ kind: mqtt, name: devices, type: pump.reading, class: public, listen: "127.0.0.1:0" }]
functions: [{ name: judge, module: judge.ts }]
models: [{ name: small, graph: small.onnx, licence: Apache-2.0 }]
egress: [{ class: derived }]
`;
const judge = `import { defineFunction } from "@holon/sdk";
  export default defineFunction({
    on: { type: "pump.reading" },
    emits: { "pump.alert": { stream: "alarm", class: "derived" } },
    models: ["small"],
    async run({ data }, { models, emit }) {
      await models.small.run({ x: { shape: [1, 784], values: new Float32Array(784) } });
      emit("pump.alert", { subject: data.of, data: { state: "open" } });
    },
  });`;

const eventsSchema = z.object({ events: z.array(eventSchema) });
const brief = ({ spans }: Trace): readonly string[] => spans.map(({ depth, kind, name, node, waited }) => `${"  ".repeat(depth)}${kind}: ${name} at ${node}${waited?.for === "link" ? ", waited for the link" : ""}`);

/** Spans that a collector was sent, by id. */
function spansIn(collector: TestCollector, traceId: string): ReadonlyMap<string, { readonly name: string; readonly parentSpanId: string }> {
  const spans = new Map<string, { readonly name: string; readonly parentSpanId: string }>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("spanId" in value && "traceId" in value && value.traceId === traceId && "startTimeUnixNano" in value) {
      const { spanId, name, parentSpanId } = value as unknown as Readonly<Record<string, string>>;
      spans.set(String(spanId), { name: String(name), parentSpanId: String(parentSpanId) });
    } else for (const inner of Object.values(value)) look(inner);
  };
  for (const { request, signal } of collector.received) if (signal === "traces") look(request);
  return spans;
}

test("a trace is whole from the device to control, across a cut of the link", { timeout: 240_000 }, async (context) => {
  const folder = tempFolder(context);
  const app = join(folder, "pumps");
  mkdirSync(app);
  writeFileSync(join(app, "holon.app.yaml"), manifest);
  writeFileSync(join(app, "judge.ts"), judge);
  copyFileSync(join(repository, "examples/digits/models/small.onnx"), join(app, "small.onnx"));
  const collector = new TestCollector();
  await collector.start(0);
  context.after(() => collector.stop());
  const telemetry = (node: string) => telemetrySettingsSchema.parse({ everyMs: 1_000, ...(node === "cloud-1" ? { export: { url: collector.url, jurisdiction: "EU/DE", encoding: "protobuf" } } : {}) });
  const data = join(folder, "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry, trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(app)));
  const { gateway, edge, cloud } = three;
  const source = (): string | undefined => gateway.node.status().agent.sources[0]?.address;
  await until("the door is open and the function runs", () => source() !== undefined && gateway.node.status().agent.units[0]?.state === "running", 120_000);
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const traceOf = async (api: string, id: string): Promise<Trace | undefined> => {
    const response = await fetch(`${api}/v1/traces/${id}`, { headers });
    return response.ok ? traceSchema.parse(await response.json()) : undefined;
  };
  const alarms = async (api: string): Promise<readonly Event[]> => eventsSchema.parse(await (await fetch(`${api}/v1/events?stream=alarm&type=pump.alert`, { headers })).json()).events;

  assert.equal((await fetch(`${cloud.api}/v1/traces/${device.traceId}`, { headers })).status, 404);
  gateway.node.cutUplink();
  const pump = await connectAsync(source() ?? "", { protocolVersion: 5, reconnectPeriod: 0 }, false);
  context.after(() => pump.endAsync(true));
  const traceparent = `00-${device.traceId}-${device.spanId}-01`;
  await pump.publishAsync(`pump/${marker}`, JSON.stringify({ of: "followed", note: marker }), { qos: 1, properties: { userProperties: { traceparent } } });
  await pump.publishAsync(`pump/${marker}`, JSON.stringify({ of: "kept", note: marker }), { qos: 1 });
  const island = ["door: door pumps/devices at gateway-1", "  function: pumps/judge at gateway-1", "    model: model small at gateway-1"];
  await until("the island knows its part", async () => (await traceOf(gateway.api, device.traceId))?.spans.length === 3);
  const own = await traceOf(gateway.api, device.traceId);
  assert.ok(own !== undefined && !own.isWhole, "its alarm waits for the link");
  assert.equal(own.waiting, 1);
  assert.deepEqual(brief(own), island);
  assert.equal(await traceOf(edge.api, device.traceId), undefined);

  const cutUntilMs = Date.now();
  gateway.node.healUplink();
  const whole = [...island, "    link: link gateway-1 to edge-1 at edge-1, waited for the link", "      link: link edge-1 to cloud-1 at cloud-1"];
  await until("control knows all of it", async () => (await traceOf(cloud.api, device.traceId))?.isWhole === true && (await traceOf(cloud.api, device.traceId))?.spans.length === 5, 120_000);
  const found = await traceOf(cloud.api, device.traceId);
  assert.ok(found !== undefined);
  assert.deepEqual(brief(found), whole);
  assert.deepEqual([found.completeness.nodes, found.completeness.unknown, found.missing, found.dropped], [3, 0, [], 0]);
  const hop = found.spans[3];
  assert.ok(hop?.waited != null && Date.parse(found.startAt) + hop.waited.fromMs + hop.waited.tookMs >= cutUntilMs - 1, "it waited until the link was open again");
  assert.equal(hop.eventType, "pump.alert");

  await context.test("an alarm that nobody asked to follow is kept, and is found by the event's name", async () => {
    const kept = (await alarms(cloud.api)).find(({ subject }) => subject === "kept");
    const span = parseTraceparent(kept?.traceparent);
    assert.equal(span?.sampled, true);
    await until("control knows all of it", async () => (await traceOf(cloud.api, span.traceId))?.isWhole === true, 120_000);
    const shown = await runHolon(context, ["trace", "show", kept?.id ?? "", "--api", cloud.api, "--data", data]);
    assert.equal(shown.exitCode, 0, shown.stderr);
    assert.deepEqual(shown.stdout.split("\n").slice(1, 5).map((line) => /^\s*(.*?)\s{2,}/.exec(line)?.[1]), ["pumps/judge", "model small", "link gateway-1 to edge-1", "link edge-1 to cloud-1"]);
    assert.match(shown.stdout, /for the link/);
    assert.match(shown.stdout, /of 3 nodes 0 are unknown, it is whole/);
    const json = await runHolon(context, ["trace", "show", span.traceId, "--json", "--node", "gateway-1", "--api", cloud.api, "--data", data]);
    assert.equal(json.exitCode, 0, json.stderr);
    assert.deepEqual(brief(traceSchema.parse(JSON.parse(json.stdout))), ["function: pumps/judge at gateway-1", "  model: model small at gateway-1"]);
    const unknown = await runHolon(context, ["trace", "show", "0".repeat(31) + "1", "--api", cloud.api, "--data", data]);
    assert.deepEqual([unknown.exitCode, /HOLON_TRACE_UNKNOWN/.test(unknown.stderr), /of 3 nodes (\d may have more to tell|\d have told through .*Z, \d unknown)/.test(unknown.stderr)], [1, true, true], unknown.stderr);
    const refused = z.object({ code: z.string(), asOf: z.iso.datetime(), completeness: completenessSchema }).parse(await (await fetch(`${cloud.api}/v1/traces/${"0".repeat(31)}1`, { headers })).json());
    assert.deepEqual([refused.code, refused.completeness.nodes], ["HOLON_TRACE_UNKNOWN", 3]);
  });

  await context.test("a collector of OpenTelemetry has the same tree", async () => {
    await until("all of it is there", () => spansIn(collector, device.traceId).size === 5, 120_000);
    const told = spansIn(collector, device.traceId);
    assert.deepEqual(found.spans.map(({ spanId }) => told.get(spanId)), found.spans.map(({ name, parentSpanId }) => ({ name, parentSpanId: parentSpanId ?? device.spanId })));
  });

  await context.test("the console shows the way behind the event: as a picture, and in words", need("chromium"), async (inner) => {
    const browser = await openBrowser(inner);
    const page = await browser.open();
    const alarm = (await alarms(cloud.api)).find(({ subject }) => subject === "followed");
    await page.goto(consoleAddress(cloud.api, token));
    await page.locator('[data-node="gateway-1"]').first().waitFor();
    await page.evaluate(`location.hash = "#/events?type=pump.&window=86400&event=${encodeURIComponent(alarm?.id ?? "")}"`);
    await page.getByRole("link", { name: "the way it came" }).click();
    const table = page.locator("table.trace");
    await table.waitFor();
    assert.deepEqual(JSON.parse((await table.getAttribute("data-trace")) ?? "[]"), found.spans.map(({ kind, name, node, depth }) => ({ kind, name, node, depth })));
    await table.getByRole("row").nth(4).getByText("for the link").waitFor();
    await page.getByText("all of it is known", { exact: true }).waitFor();
    await browser.keep(page, "trace");
    await assertAccessible(page, "trace");
    const doorWidth = async (): Promise<number> => (await table.locator("i.door").boundingBox())?.width ?? 0;
    const before = await doorWidth();
    await page.getByRole("button", { name: "Leave out waits for links" }).click();
    await page.locator('button[aria-pressed="true"]', { hasText: "Leave out" }).waitFor();
    assert.ok((await doorWidth()) >= before, "the rest has more room");
    await browser.keep(page, "trace-without-waits");
    await page.setViewportSize({ width: 390, height: 780 });
    await table.waitFor();
    await browser.keep(page, "trace-phone");
    await page.evaluate(`location.hash = "#/trace/${"0".repeat(31)}1"`);
    await page.getByText("HOLON_TRACE_UNKNOWN").first().waitFor();
  });

  await context.test("nothing of what the device sent stands in a span, or at the collector", () => {
    assert.ok(!JSON.stringify(found).includes(marker));
    assert.ok(!JSON.stringify(collector.received).includes(marker));
  });
});
