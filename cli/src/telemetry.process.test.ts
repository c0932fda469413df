/** Three real nodes: what the fleet says of itself over HTTP, what Prometheus makes of it, and OpenTelemetry's own SDK through a cut. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter as JsonTraces } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufTraces } from "@opentelemetry/exporter-trace-otlp-proto";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { SimpleSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import { fleetStatusSchema, type FleetStatus } from "@holon/core/telemetry/fleet-status.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { seriesSchema } from "@holon/core/telemetry/series.ts";
import { z } from "zod";
import { binaryPath, need } from "../../scripts/testing/need.ts";
import { startThree, type Three } from "./machine/three.ts";
import { TestCollector } from "./testing/collector.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { until } from "./testing/wait.ts";

const prometheusSchema = z.object({ data: z.object({ result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })) }) });
const open = { traces: "public", metrics: "public", logs: "public" };

async function three(context: TestContext, collector: TestCollector, encoding: "json" | "protobuf"): Promise<{ readonly fleet: Three; readonly get: (of: "cloud" | "edge" | "gateway", path: string) => Promise<Response>; readonly token: string }> {
  const data = mkdtempSync(join(tmpdir(), "holon-"));
  const telemetry = (node: string) => telemetrySettingsSchema.parse({ everyMs: 1_000, otlp: open, ...(node === "cloud-1" ? { export: { url: collector.url, jurisdiction: "EU/DE", encoding } } : {}) });
  const fleet = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry, trace: { level: "error", output: process.stderr } });
  context.after(async () => {
    await fleet.close();
    await collector.stop();
    rmSync(data, { recursive: true });
  });
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  return { fleet, token, get: (of, path) => fetch(`${fleet[of].api}${path}`, { headers: { authorization: `Bearer ${token}` } }) };
}

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json();

/** Every item that was received of a kind, by its own name. */
function namesOf(collector: TestCollector, field: "spans" | "logRecords"): string[] {
  const names: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== field || !Array.isArray(inner)) look(inner);
      else for (const item of inner as { name?: string; body?: { stringValue?: string } }[]) names.push(item.name ?? item.body?.stringValue ?? "");
    }
  };
  for (const { request } of collector.received) look(request);
  return names.filter((name) => name.startsWith("made-"));
}

for (const encoding of ["json", "protobuf"] as const) {
  test(`what OpenTelemetry's SDK sends to a gateway that is cut off is with a collector of the cloud, each once (${encoding})`, async (context) => {
    const collector = new TestCollector();
    await collector.start(0);
    const { fleet, token } = await three(context, collector, encoding);
    await collector.stop();
    fleet.gateway.node.cutUplink();
    const headers = { authorization: `Bearer ${token}` };
    const traces: SpanExporter = new (encoding === "json" ? JsonTraces : ProtobufTraces)({ url: `${fleet.gateway.api}/v1/traces`, headers });
    const spans = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: traces })] });
    const logs = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${fleet.gateway.api}/v1/logs`, headers }) })] });
    const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: `${fleet.gateway.api}/v1/metrics`, headers }), exportIntervalMillis: 3_600_000, exportTimeoutMillis: 10_000 })] });
    meters.getMeter("test").createCounter("made.count").add(41);
    for (let index = 0; index < 20; index++) {
      spans.getTracer("test").startSpan(`made-${index}`, { attributes: { index, text: "ä", flag: true, many: [1.5, 2] } }).end();
      logs.getLogger("test").emit({ body: `made-${index}`, severityNumber: 9 });
    }
    for (const provider of [spans, logs, meters]) await provider.forceFlush();
    await Promise.all([spans.shutdown(), logs.shutdown(), meters.shutdown()]);
    collector.answers.push({ status: 503, headers: { "retry-after": "1" } }, { status: 429 });
    fleet.gateway.node.healUplink();
    const lane = { origin: fleet.gateway.node.log.origin, stream: "telemetry" } as const;
    const last = fleet.gateway.node.log.head(lane)?.sequence ?? Infinity;
    await until("all is at the cloud", () => (fleet.cloud.node.log.head(lane)?.sequence ?? 0) >= last, 120_000);
    await collector.start();
    const wanted = Array.from({ length: 20 }, (_, index) => `made-${index}`).sort();
    await until("all of it is there", () => namesOf(collector, "spans").length >= 20 && namesOf(collector, "logRecords").length >= 20, 120_000);
    await until("the collector is not behind", () => (fleet.cloud.node.telemetry?.exporting()?.behind ?? 1) <= 2);
    assert.deepEqual(namesOf(collector, "spans").sort(), wanted);
    assert.deepEqual(namesOf(collector, "logRecords").sort(), wanted);
    const text = JSON.stringify(collector.received.map(({ request }) => request));
    assert.match(text, /"name":"made\.count"[^]*?"(?:asInt|asDouble)":"?41/);
    assert.match(text, /"name":"holon\.log\.records"/);
    assert.ok(collector.received.every(({ contentType }) => contentType === (encoding === "json" ? "application/json" : "application/x-protobuf")));
  });
}

test("promtool finds nothing wrong with what nodes and the fleet tell", need("promtool"), async (context) => {
  const collector = new TestCollector();
  await collector.start(0);
  const { get } = await three(context, collector, "json");
  await until("all have told", async () => fleetStatusSchema.parse(await json(get("cloud", "/v1/fleet"))).nodes.every(({ through }) => through !== null));
  for (const [of, path] of [["cloud", "/metrics"], ["gateway", "/metrics"], ["cloud", "/metrics/fleet"]] as const) {
    const response = await get(of, path);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const checked = spawnSync(binaryPath("promtool"), ["check", "metrics"], { input: await response.text(), encoding: "utf8" });
    assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, "", ""], `${of} ${path}`);
  }
});

test("a Prometheus server scrapes the fleet and each node", need("prometheus"), async (context) => {
  const collector = new TestCollector();
  await collector.start(0);
  const { fleet, token } = await three(context, collector, "json");
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), token, { mode: 0o600 });
  const target = (api: string): string => new URL(api).host;
  const job = (name: string, path: string, targets: readonly string[]): string => `  - job_name: ${name}\n    metrics_path: ${path}\n    authorization: { credentials_file: ${join(folder, "token")} }\n    static_configs: [{ targets: ${JSON.stringify(targets)} }]\n`;
  writeFileSync(join(folder, "prometheus.yml"), `global: { scrape_interval: 1s }\nscrape_configs:\n${job("fleet", "/metrics/fleet", [target(fleet.cloud.api)])}${job("nodes", "/metrics", [target(fleet.cloud.api), target(fleet.edge.api), target(fleet.gateway.api)])}`);
  const port = await freePortBase();
  const server = spawn(binaryPath("prometheus"), [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`], { stdio: "ignore" });
  context.after(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  const query = async (text: string): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[]> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`).catch(() => undefined);
    return response?.ok === true ? prometheusSchema.parse(await response.json()).data.result : [];
  };
  await until("four targets are up", async () => (await query("up == 1")).length === 4, 120_000);
  await until("three nodes are present", async () => (await query('holon_node_state{state="present"} == 1')).map(({ metric }) => metric["node"]).sort().join() === "cloud-1,edge-1,gateway-1", 120_000);
  const [all] = await query('holon_fleet_nodes{of="all"}');
  assert.equal(all?.value[1], "3");
  await until("records of all three were counted", async () => (await query('sum by (node) (holon_log_records_total{job="fleet"}) > 0')).length === 3, 120_000);
});

test("a gateway that is cut off is silent within three seconds, answers for itself, and its chart is whole when it is back", async (context) => {
  const collector = new TestCollector();
  await collector.start(0);
  const { fleet, get } = await three(context, collector, "json");
  const status = async (): Promise<FleetStatus> => fleetStatusSchema.parse(await json(get("cloud", "/v1/fleet?figures=holon.log.size")));
  const stateOf = async (node: string): Promise<string | undefined> => (await status()).nodes.find((row) => row.node === node)?.state;
  await until("all are present and have told", async () => {
    const { completeness, nodes } = await status();
    return completeness.states.present === 3 && nodes.every(({ through, parent, node }) => through !== null && (node === "cloud-1" || parent !== null));
  });
  assert.deepEqual((await status()).nodes.map(({ node, parent, link }) => [node, parent, link]), [["cloud-1", null, "up"], ["edge-1", "cloud-1", "up"], ["gateway-1", "edge-1", "up"]]);
  const cutAt = performance.now();
  fleet.gateway.node.cutUplink();
  await until("it is silent", async () => (await stateOf("gateway-1")) === "silent", 3_000);
  const tookMs = performance.now() - cutAt;
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
  const own = fleetStatusSchema.parse(await json(get("gateway", "/v1/fleet")));
  assert.deepEqual(own.nodes.map(({ node, state }) => [node, state]), [["gateway-1", "present"]]);
  await until("some windows were told without the uplink", () => (fleet.gateway.node.telemetry?.latest("gateway-1")?.window.endMs ?? 0) > Date.now() - 1_500);
  fleet.gateway.node.healUplink();
  await until("it is back", async () => (await stateOf("gateway-1")) === "present");
  const series = seriesSchema.parse(await json(get("cloud", "/v1/series?name=holon.link.up&node=gateway-1&stepMs=60000")));
  assert.equal(series.series.length, 1);
  assert.ok(series.series[0]?.points.some(({ value }) => value !== null && value > 0));
});
