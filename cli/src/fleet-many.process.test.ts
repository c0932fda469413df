/**
 * One real control plane with thousands of nodes in its log, byte for byte as links would have brought them, and more of them telling every moment; another process asks its API meanwhile.
 * With HOLON_FLEET=10000 on a quiet machine it holds the times that are promised; otherwise it is a small fleet, and the figures are told alone.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode } from "./machine/compose.ts";
import { makeToken } from "./machine/token.ts";
import { fillFleet } from "./testing/many-nodes.ts";
import { until } from "./testing/wait.ts";

const asked = process.env["HOLON_FLEET"];
const nodes = Number(asked ?? 300);
const p99Ms = 50;
const rounds = asked === undefined ? 20 : 200;
const timesSchema = z.record(z.string(), z.array(z.number()));
const objectives = [{ name: "quick", kind: "latency", withinMs: 250, target: 0.99 }, { name: "kept", kind: "loss", target: 0.999, per: "fleet" }];

const at = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

test(`control answers for ${nodes} nodes while they tell`, onItsTurn(1, 2), async (context) => {
  const data = tempFolder(context);
  const token = await makeToken(data);
  const before = process.memoryUsage.rss();
  const config = { apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [], listen: "127.0.0.1:0", alerts: alertingSchema.parse({ objectives }) } as const;
  const machine = await startNode({ config: { ...config, siblings: [] }, data, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
  context.after(() => machine.close());
  const beganMs = performance.now();
  const fleet = await fillFleet(machine.node, nodes);
  for (let first = 0; first < nodes; first += 500) await fleet.measure(first, Math.min(500, nodes - first));
  const { telemetry } = machine.node;
  await until("control has heard all", async () => (await telemetry?.fleet({ limit: 1 }))?.completeness.nodes === nodes + 1, 120_000);
  context.diagnostic(`${nodes} nodes are there after ${Math.round(performance.now() - beganMs)} ms`);
  const after = process.memoryUsage.rss();

  // Each tells once a minute, some at each moment.
  const ticks = 240;
  const batch = Math.ceil(nodes / ticks);
  let from = 0;
  const ticking = setInterval(() => {
    void fleet.measure(from, Math.min(batch, nodes - from)).catch(() => undefined); // the node is closed at the end
    from = from + batch >= nodes ? 0 : from + batch;
  }, 60_000 / ticks);
  context.after(() => clearInterval(ticking));

  const paths = ["/v1/nodes?limit=100", `/v1/nodes/n-${nodes - 1}`, "/v1/fleet?limit=100", "/v1/sites?limit=100", "/v1/apps", "/v1/alerts?limit=50", "/v1/objectives", "/v1/series?name=holon.log.records", "/v1/plan/moves"];
  const asking = spawn(process.execPath, [fileURLToPath(new URL("testing/ask-many.ts", import.meta.url)), machine.api, token, String(rounds), ...paths, "/v1/continuum"], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  asking.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(asking, "close");
  const times = timesSchema.parse(JSON.parse(said));
  for (const [path, values] of Object.entries(times)) context.diagnostic(`${path}: p50 ${at(values, 0.5).toFixed(1)} ms, p99 ${at(values, 0.99).toFixed(1)} ms`);
  context.diagnostic(`the process holds ${((after - before) / nodes / 1024).toFixed(1)} KiB of resident memory a node`);
  assert.equal((await telemetry?.objectives())?.objectives.filter(({ rule }) => rule === "fleet/kept").length, 1);
  if (asked === undefined) return;
  for (const path of paths) assert.ok(at(times[path] ?? [], 0.99) <= p99Ms, `${path}: p99 ${at(times[path] ?? [], 0.99)} ms`);
});
