/** A robot that goes from one gateway to another, on real nodes: what is known of it goes on where it stopped, and an order reaches it where it is now. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import type { HolonNode } from "@holon/node/index.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { connectAsync } from "mqtt";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode, type MachineNode } from "./machine/compose.ts";
import { enrollHere } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const token = "t".repeat(43);
const counting = `export default { kind: "holon.function", on: { type: "robot.seen" }, emits: { "robot.order": { stream: "data", class: "derived" } }, models: [], run(event, context) {
  const seen = Number(context.state.get(event.subject) ?? 0) + 1;
  context.state.set(event.subject, seen);
  context.emit("robot.order", { subject: "r7", data: { seen } });
} };`;
const told = `export default { kind: "holon.function", on: { http: { method: "POST", path: "/halt", class: "derived" } }, emits: { "robot.order": { stream: "data", class: "derived" }, "holon.response": { stream: "local", class: "raw" } }, models: [], run(event, context) {
  context.emit("robot.order", { subject: event.data.body.robot, data: { halt: true } });
  context.emit("holon.response", { data: { request: event.data.request, body: { ok: true } } });
} };`;

interface Fleet {
  readonly cloud: MachineNode;
  readonly edge: MachineNode;
  readonly north: MachineNode;
  readonly south: MachineNode;
}

/** A cloud, an edge below it, and below that two gateways of sites of their own. */
async function startFleet(context: TestContext): Promise<Fleet> {
  const data = tempFolder(context);
  const machines: MachineNode[] = [];
  context.after(async () => {
    for (const machine of machines.reverse()) await machine.close();
  });
  const start = async (config: object): Promise<MachineNode> => {
    const machine = await startNode({ config: nodeConfigSchema.parse({ jurisdiction: "EU/DE", ...config }), data, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
    machines.push(machine);
    return machine;
  };
  const cloud = await start({ name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  const { control } = cloud;
  assert.ok(control !== undefined);
  for (const [name, site, tier] of [["edge-1", "edge", "edge"], ["gateway-1", "north", "gateway"], ["gateway-2", "south", "gateway"]] as const) await enrollHere(join(data, name), { name, site, tier }, control);
  const edge = await start({ name: "edge-1", site: "edge", tier: "edge", listen: "127.0.0.1:0", parent: cloud.node.address });
  const north = await start({ name: "gateway-1", site: "north", tier: "gateway", parent: edge.node.address });
  const south = await start({ name: "gateway-2", site: "south", tier: "gateway", parent: edge.node.address });
  return { cloud, edge, north, south };
}

async function deploy({ cloud: { control } }: Fleet): Promise<void> {
  assert.ok(control !== undefined);
  const put = (source: string) => control.blobs.put(new TextEncoder().encode(source));
  const [count, halt] = [await put(counting), await put(told)];
  const order = { "robot.order": { stream: "data", class: "derived" } };
  const needs = { tiers: ["edge"] };
  await control.deploy(appDocumentSchema.parse({
    name: "yard", version: "1", models: [], egress: [{ class: "derived", to: "*" }],
    sources: [{ kind: "mqtt", name: "robots", type: "robot.seen", class: "derived", stream: "data", listen: "127.0.0.1:0", topics: ["robot/+/seen"], gives: [{ type: "robot.order", topic: "robot/{subject}/order", roams: true }] }],
    functions: [
      { name: "count", code: count, on: { type: "robot.seen" }, emits: order, models: [], needs },
      { name: "halt", code: halt, on: { http: { method: "POST", path: "/halt", class: "derived" } }, emits: { ...order, "holon.response": { stream: "local", class: "raw" } }, models: [], needs },
    ],
  }));
}

const doorOf = ({ node }: MachineNode): string | undefined => node.status().agent.sources.find(({ name }) => name === "robots")?.address;

/** The robot at a gateway: it listens for its orders, and says so often that it is there. */
async function robotAt(context: TestContext, gateway: MachineNode): Promise<{ readonly orders: unknown[]; seen(): Promise<unknown>; leave(): Promise<void> }> {
  const robot = await connectAsync((doorOf(gateway) ?? "").replace(/^(?!mqtt)/, "mqtt://"), { clientId: "r7", reconnectPeriod: 0 }, false);
  context.after(() => robot.endAsync(true));
  const orders: unknown[] = [];
  robot.on("message", (_topic, payload) => orders.push(JSON.parse(payload.toString())));
  await robot.subscribeAsync("robot/r7/order");
  return { orders, seen: () => robot.publishAsync("robot/r7/seen", "1", { qos: 1 }), leave: () => robot.endAsync(true) };
}

async function events({ log }: HolonNode, type: string): Promise<readonly Record<string, unknown>[]> {
  const found = await log.find({ accepts: ({ stream, origin }) => stream === "telemetry" && origin === log.origin, type, limit: 100 });
  return found.map(({ event }) => z.record(z.string(), z.unknown()).parse(event.data));
}

test("a robot that roams takes its orders at the gateway where it is, and its count goes on", { ...onItsTurn(1, 2), timeout: 300_000 }, async (context) => {
  const fleet = await startFleet(context);
  const { cloud, edge, north, south } = fleet;
  await deploy(fleet);
  const runs = (): boolean => edge.node.status().agent.units.filter(({ state }) => state === "running").length === 2;
  await until("both doors are open, and the edge runs what stands above them", () => doorOf(north) !== undefined && doorOf(south) !== undefined && runs(), 120_000);

  const first = await robotAt(context, north);
  for (const count of [1, 2]) {
    await first.seen();
    await until(`order ${count} reached it at the first`, () => first.orders.length === count, 120_000);
  }
  await first.leave();
  const second = await robotAt(context, south);
  await second.seen();
  await until("an order reached it at the second", () => second.orders.length === 1, 120_000);
  assert.deepEqual([first.orders, second.orders], [[{ seen: 1 }, { seen: 2 }], [{ seen: 3 }]], "its count went on where it stopped");

  // From the cloud, where neither the function nor the robot is.
  const halt = async (robot: string): Promise<number> => (await fetch(`${cloud.api}/v1/apps/yard/http/halt`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify({ robot }) })).status;
  assert.equal(await halt("r7"), 200);
  await until("it is told to halt where it is", () => second.orders.length === 2, 120_000);
  assert.deepEqual([first.orders.length, second.orders.at(-1)], [2, { halt: true }]);
  await until("what was given from elsewhere stands in that gateway's trail", async () => (await events(south.node, "holon.order.given")).length === 2, 120_000);
  assert.deepEqual((await events(north.node, "holon.order.given")).map(({ type, devices }) => [type, devices]), [["robot.order", 1], ["robot.order", 1]]);

  assert.equal(await halt("nobody"), 200);
  await until("an order that reached nobody is told", async () => (await events(edge.node, "holon.order.missed")).some(({ because }) => because === "no device listens"), 120_000);
  assert.equal(second.orders.length, 2);
});
