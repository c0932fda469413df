/** What doctor says where no node can be asked: who else is at the address, and certificates that are over or damaged; and of a collector that takes nothing. What it says of nodes is `core/src/diagnosis/findings.test.ts`. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { createClock } from "@holon/platform/clock.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { z } from "zod";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { exportStatusSchema } from "@holon/core/telemetry/export-status.ts";
import { startThree } from "./machine/three.ts";
import { until } from "./testing/wait.ts";
import { runHolon } from "./testing/holon-process.ts";

const findingsSchema = z.object({ findings: z.array(z.object({ check: z.string(), state: z.string(), says: z.string(), next: z.string().optional() })) });

test("another program at the address, a certificate that is over and one that is damaged are found, each with what to do", async (context) => {
  const data = tempFolder(context);
  const clock = createClock();
  const year = 365 * 86_400_000;
  const past = { ...clock, wall: () => ({ ms: Date.now() - 2 * year, state: "synced" as const }) };
  const folder = join(data, "cloud-1");
  mkdirSync(folder, { recursive: true });
  await certifyHere(await NodeIdentity.open(folder, past), await openAuthority(folder, past), { node: "cloud-1", site: "cloud", tier: "cloud" }, past, 3_600_000);
  mkdirSync(join(data, "edge-1/identity"), { recursive: true });
  writeFileSync(join(data, "edge-1/identity/identity.json"), "{");
  const server = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);

  const { exitCode, stdout } = await runHolon(context, ["doctor", "--api", `http://127.0.0.1:${address.port}`, "--data", data, "--json"]);
  assert.equal(exitCode, 1);
  const { findings } = findingsSchema.parse(JSON.parse(stdout));
  const found = (pattern: RegExp) => findings.find(({ says }) => pattern.test(says));
  assert.match(found(/that of cloud-1 ended \d{4}/)?.next ?? "", /key of the old/);
  assert.match(found(/that of edge-1 cannot be read/)?.next ?? "", /enrol the node again/);
  assert.match(findings.find(({ check, state }) => check === "nodes" && state === "bad")?.next ?? "", /another port/);
});

test("a collector that takes nothing is in the node's status, in its metrics and in what doctor says, until it takes it", async (context) => {
  const data = join(tempFolder(context), "data");
  let status = 401;
  const server = createServer((request, response) => request.resume().once("end", () => response.writeHead(status).end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => (server.closeAllConnections(), server.close()));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const to = `127.0.0.1:${address.port}`;
  const telemetry = (node: string) => telemetrySettingsSchema.parse({ everyMs: 1_000, ...(node === "gateway-1" ? { export: { url: `http://${to}`, jurisdiction: "EU/DE" } } : {}) });
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", telemetry, trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const { cloud: { api }, gateway } = three;
  await until("the collector has refused", () => gateway.node.status().export?.problem?.code === "HOLON_COLLECTOR_REFUSED" && three.cloud.control?.node("gateway-1") !== undefined);
  const doctor = async () => findingsSchema.parse(JSON.parse((await runHolon(context, ["doctor", "--api", api, "--data", data, "--json"])).stdout)).findings.filter(({ says }) => says.includes(to));
  const found = await until("doctor says so", async () => (await doctor())[0]);
  assert.deepEqual([found.check, found.state], ["gateway-1", "warn"]);
  assert.match(found.says, /the collector answered 401; \d+ records? wait in the log/);
  assert.match(found.next ?? "", /secretHeaders/);
  const ask = async (path: string): Promise<string> => (await fetch(`${gateway.api}${path}`, { headers: { authorization: `Bearer ${readFileSync(join(data, "api-token"), "utf8").trim()}` } })).text();
  assert.match(await ask("/metrics"), /^holon_export_up 0$/m);
  assert.equal(z.object({ export: exportStatusSchema }).parse(JSON.parse(await ask("/v1/status"))).export.problem?.code, "HOLON_COLLECTOR_REFUSED");
  status = 200;
  await until("all of it is there", () => gateway.node.status().export?.problem === undefined && (gateway.node.status().export?.sent ?? 0) > 0);
  assert.match(await ask("/metrics"), /^holon_export_up 1$/m);
  assert.match(await ask("/metrics"), /^holon_export_records_total\{outcome="sent"\} [1-9]/m);
  await until("doctor says it no more", async () => (await doctor()).length === 0);
});

test("at a node without control doctor looks at that node, as on an island, and says where more is", async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  const { gateway } = three;
  const doctor = async () => findingsSchema.parse(JSON.parse((await runHolon(context, ["doctor", "--api", gateway.api, "--data", data, "--json"])).stdout)).findings;
  await until("it is linked", () => gateway.node.status().uplink?.state === "open");
  const well = await doctor();
  assert.deepEqual(well.filter(({ check, state }) => state === "bad" || (check === "gateway-1" && state !== "ok")), []);
  assert.match(well.find(({ check }) => check === "nodes")?.says ?? "", /^gateway-1, which carries no control: it (runs desired|has no desired) document/);
  gateway.node.cutUplink();
  const cut = await doctor();
  const found = cut.find(({ check }) => check === "gateway-1");
  assert.deepEqual([found?.state, found?.says.startsWith("uplink cut"), found?.next], ["warn", true, "holon link heal gateway-1"]);
  assert.ok(cut.find(({ check }) => check === "nodes")?.next?.includes(`holon node diagnose gateway-1 --api ${gateway.api}`));
});
