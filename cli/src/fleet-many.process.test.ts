/**
 * One real control process and a fleet of thousands: their records come to it over the link of a real node above them, which is another process, and keep coming while somebody asks the API.
 * With HOLON_FLEET=10000 on a quiet machine it holds the times that are promised; otherwise it is a small fleet, and the figures are told alone.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { fleetStatusSchema } from "@holon/core/telemetry/fleet-status.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode } from "./machine/compose.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { fillFleet } from "./testing/many-nodes.ts";
import { until } from "./testing/wait.ts";

const asked = process.env["HOLON_FLEET"];
const nodes = Number(asked ?? 300);
const p99Ms = 50;
const rounds = asked === undefined ? 20 : 200;
const timesSchema = z.record(z.string(), z.array(z.number()));

const at = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

test(`control answers for ${nodes} nodes while they tell`, onItsTurn(1, 2), async (context) => {
  const data = tempFolder(context);
  const region = tempFolder(context);
  const port = await freePortBase();
  const [api, link] = [`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`];
  const file = join(data, "cloud.yaml");
  writeFileSync(file, `apiVersion: holon/v1\nname: cloud-1\nsite: cloud\ntier: cloud\njurisdiction: EU/DE\ncontrol: true\nlisten: ${link}\nalerts:\n  objectives:\n    - { name: quick, kind: latency, withinMs: 250, target: 0.99 }\n    - { name: kept, kind: loss, target: 0.999, per: fleet }\n`);
  const control = startHolon(context, ["node", "start", file, "--data", data, "--listen-api", api]);
  const health = (): Promise<boolean> => fetch(`http://${api}/v1/health`).then(({ ok }) => ok, () => false);
  await until("control answers", health, 60_000);
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const invited = await runHolon(context, ["node", "invite", "region-1", "--site", "region", "--tier", "edge", "--api", `http://${api}`, "--data", data]);
  const enrolled = await runHolon(context, ["node", "enroll", "--token", invited.stdout.trim().split("\n").at(-1) ?? "", "--data", region]);
  assert.equal(enrolled.exitCode, 0, `${invited.stdout}${invited.stderr}${enrolled.stderr}`);
  const pid = control.pid;
  const before = memoryOf(pid);

  const machine = await startNode({ config: { apiVersion: "holon/v1", name: "region-1", site: "region", tier: "edge", jurisdiction: "EU/DE", control: false, siblings: [], listen: "127.0.0.1:0", parent: `wss://${link}`, uplink: { node: "cloud-1" }, telemetry: telemetrySettingsSchema.parse({}) }, data: region, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
  context.after(() => machine.close());
  const fleet = await fillFleet(machine.node, nodes);
  const everyMs = 60_000;
  const batch = Math.max(1, Math.ceil(nodes / 600));
  let from = 0;
  const ticking = setInterval(() => {
    void fleet.measure(from, Math.min(batch, nodes - from)).catch(() => undefined); // the node is closed at the end
    from = from + batch >= nodes ? 0 : from + batch;
  }, everyMs / 600);
  context.after(() => clearInterval(ticking));
  for (let first = 0; first < nodes; first += 500) await fleet.measure(first, Math.min(500, nodes - first));
  const ask = async (path: string): Promise<unknown> => (await fetch(`http://${api}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
  await until("control has heard all", async () => fleetStatusSchema.parse(await ask("/v1/fleet?limit=1")).completeness.reported >= nodes, 240_000);
  const after = memoryOf(pid);

  const paths = ["/v1/nodes?limit=100", `/v1/nodes/n-${nodes - 1}`, "/v1/fleet?limit=100", "/v1/sites?limit=100", "/v1/apps", "/v1/alerts?limit=50", "/v1/objectives", "/v1/series?name=holon.log.records", "/v1/plan/moves"];
  const asking = spawn(process.execPath, [fileURLToPath(new URL("testing/ask-many.ts", import.meta.url)), `http://${api}`, token, String(rounds), ...paths, "/v1/continuum"], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  asking.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(asking, "exit");
  const times = timesSchema.parse(JSON.parse(said));
  for (const [path, values] of Object.entries(times)) context.diagnostic(`${path}: p50 ${at(values, 0.5).toFixed(1)} ms, p99 ${at(values, 0.99).toFixed(1)} ms`);
  context.diagnostic(`control holds ${((after - before) / nodes / 1024).toFixed(1)} KiB a node of resident memory`);
  const status = fleetStatusSchema.parse(await ask("/v1/fleet?limit=1"));
  assert.equal(status.completeness.nodes, nodes + 2);
  if (asked === undefined) return;
  for (const path of paths) assert.ok(at(times[path] ?? [], 0.99) <= p99Ms, `${path}: p99 ${at(times[path] ?? [], 0.99)} ms`);
});

/** Resident, by proc(5); 0 where the system does not say. */
function memoryOf(pid: number | undefined): number {
  try {
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
