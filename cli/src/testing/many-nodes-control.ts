/**
 * A program: one real control plane with thousands of nodes in its log, and each of them telling what it measured once a minute, some at each moment, as links would bring it.
 *
 *     many-nodes-control.ts FOLDER NODES
 *
 * Prints a line of JSON when all are there. To `figures` on its input it answers with how long it was busy at a stretch since it was asked last; `burst` lets all tell within a second, `change` cuts some sites off and brings those of the change before back; the end of its input ends it.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { startNode } from "../machine/compose.ts";
import { flagsOf } from "../machine/lean.ts";
import { makeToken } from "../machine/token.ts";
import { createManyLinks } from "./many-links.ts";
import { fillFleet, nodesPerSite } from "./many-nodes.ts";
import { until } from "./wait.ts";

const [folder = "", asked = "300"] = process.argv.slice(2);
const nodes = Number(asked);
const tickMs = 10;
const minuteMs = 60_000;
const cutSites = 25;
/** A node reports what it runs far less often than what it measured. */
const reportEveryMs = 10 * minuteMs;
const objectives = [{ name: "quick", kind: "latency", withinMs: 250, target: 0.99 }, { name: "kept", kind: "loss", target: 0.999, per: "fleet" }];

// As a node that carries control is started, so that what is measured is what runs.
const flags = flagsOf({ control: true }).filter((flag) => !process.execArgv.includes(flag));
if (flags.length > 0) process.execve?.(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)], process.env);

const token = await makeToken(folder);
const config = { apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [], listen: "127.0.0.1:0", alerts: alertingSchema.parse({ objectives }) } as const;
const links = createManyLinks(nodes);
const machine = await startNode({ config: { ...config, siblings: [] }, data: folder, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr }, links });
globalThis.gc?.();
const before = process.memoryUsage();
const beganMs = performance.now();
const fleet = await fillFleet(machine.node, nodes);
for (let first = 0; first < nodes; first += 500) await fleet.measure(first, Math.min(500, nodes - first));
const { telemetry } = machine.node;
await until("control has heard all", async () => ((await telemetry?.fleet({ limit: 1 }))?.completeness.reported ?? 0) >= nodes, 120_000);
await until("control knows all", async () => (await fetch(`${machine.api}/v1/nodes/n-${nodes - 1}`, { headers: { authorization: `Bearer ${token}` } })).ok, 120_000);
globalThis.gc?.();
const after = process.memoryUsage();
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

/** Whoever is due by now tells, each by itself. */
function everyNode(periodMs: number, act: (node: number) => Promise<void>): () => void {
  const startedMs = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / periodMs) * nodes);
    for (; done < due; done++) void act(done % nodes).catch(() => undefined); // the node is closed at the end
  }, tickMs);
  return () => clearInterval(timer);
}
const endings = [everyNode(minuteMs, (node) => fleet.measure(node, 1)), everyNode(reportEveryMs, (node) => fleet.report(node, 1, { version: 0, outcome: "settled" }))];

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let changes = 0;
let usage = process.cpuUsage();
let usageMs = performance.now();

say({ api: machine.api, token, nodes, sites: Math.ceil(nodes / nodesPerSite), filledMs: performance.now() - beganMs, residentBytes: after.rss - before.rss, heapBytes: after.heapUsed + after.external - before.heapUsed - before.external });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "burst") for (let first = 0; first < nodes; first += 100) await fleet.measure(first, Math.min(100, nodes - first));
  if (line === "change") {
    links.cut(new Set(Array.from({ length: cutSites }, (_, site) => (changes * cutSites + site) % Math.ceil(nodes / nodesPerSite))));
    await fleet.report(0, Math.min(1_000, nodes), { version: (changes += 1), outcome: "settled" });
  }
  const { user, system } = process.cpuUsage(usage);
  say({ stretchMsP99: delay.percentile(99) / 1e6, stretchMsMax: delay.max / 1e6, cpuShare: (user + system) / 1_000 / (performance.now() - usageMs) });
  delay.reset();
  [usage, usageMs] = [process.cpuUsage(), performance.now()];
}
endings.forEach((end) => end());
await machine.close();
