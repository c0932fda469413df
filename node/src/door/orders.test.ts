import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { NodeName } from "@holon/core/units.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { createClock } from "@holon/platform/clock.ts";
import { desiredOf } from "../desired/documents.ts";
import { createEvents } from "../event/events.ts";
import { createCalls, type CallHandler } from "../link/calls.ts";
import { createGuard } from "../policy/guard.ts";
import { nodeName } from "../testing/sim-family.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createOrderIndex } from "./order-index.ts";
import { createOrders } from "./orders.ts";

const [cloud, edge, north, south] = [nodeName("cloud-1"), nodeName("edge-1"), nodeName("gateway-1"), nodeName("gateway-2")];
const makes = [{ name: "halt", code: "ab".repeat(32), on: { type: "robot.seen" }, emits: { "robot.order": { stream: "data", class: "derived" } }, models: [] }];
const source = { kind: "mqtt", name: "robots", type: "robot.seen", gives: [{ type: "robot.order", topic: "robot/{subject}/order", roams: true }] };
const yard = (parts: object) => appDocumentSchema.parse({ name: "yard", version: "1", functions: [], models: [], egress: [{ class: "derived", to: "*" }], ...parts });

type Ask = Readonly<Record<string, unknown>>;

/** An edge with a door of its own, a cloud above it and two gateways below, of which the first runs the function as well; all of them answer as `answers` says. */
class Edge {
  readonly asked: (readonly [string, Ask])[] = [];
  readonly given: string[] = [];
  readonly told: string[] = [];
  readonly answers = new Map<NodeName, number>();
  here = 0;
  /** From a neighbour. */
  ask: (order: Ask, from: NodeName) => Promise<unknown> = () => Promise.reject(new Error("not open"));
  make: (dataClass?: "derived" | "raw", app?: string) => Promise<unknown> = () => Promise.reject(new Error("not open"));

  /** `policy`: as it was written, with a parent in America. */
  static async open(context: TestContext, policy?: string): Promise<Edge> {
    const one = new Edge();
    const clock = createClock();
    const config = { name: edge, jurisdiction: "EU/DE", parent: "wss://cloud-1:7401" } as const;
    const log = await openTempLog(tempFolder(context), { name: edge });
    context.after(() => log.close());
    const document = (node: string, parts: object) => ({ key: `desired/${node}`, value: Buffer.from(JSON.stringify({ apiVersion: "holon/v1", kind: "Desired", node, version: 1, plan: "plan", apps: [yard(parts)], ...(policy === undefined ? {} : { policy: { text: policy, hash: createHash("sha256").update(policy).digest("hex") } }) })) });
    await log.append({ cells: [document(edge, { functions: makes }), document(north, { functions: makes, sources: [source] }), document(south, { sources: [source] })] });
    const events = createEvents(config, clock);
    const handlers = new Map<string, CallHandler>();
    const trace = { note: () => undefined };
    const guard = createGuard({ config, log, clock: createClock(), events, integrity });
    guard.follow(desiredOf(log, edge)?.document);
    const inner = createCalls({ self: edge, clock, handlers, route: () => undefined, above: () => undefined });
    const peers: readonly NodeName[] = [north, south];
    const orders = createOrders({
      self: edge, parentJurisdiction: policy === undefined ? undefined : "US", log, events, handlers, ports: { clock, trace }, index: createOrderIndex(log, trace), guard,
      calls: { ...inner, call: async (to, _method, parameters) => {
        one.asked.push([to, parameters as Ask]);
        const devices = one.answers.get(to);
        if (devices === undefined) throw new HolonError("HOLON_CALL_TIMEOUT", `${to} did not answer`);
        return { devices };
      } },
      give: (app, type, subject, payload) => (one.given.push(`${app} ${type} ${subject} ${new TextDecoder().decode(payload)}`), one.here),
      towards: (node) => (peers.includes(node) ? node : undefined), speaksFor: (peer, node) => peer === node, above: () => cloud,
      append: async ({ bytes }) => void one.told.push(new TextDecoder().decode(bytes)),
    });
    const unsubscribe = log.onCommit(({ lanes }) => orders.committed(lanes));
    context.after(() => (orders.close(), unsubscribe()));
    one.ask = (order, from) => Promise.resolve(handlers.get("order.give")?.({ id: `${from}/7k3f9qxa0bcde/data/1`, app: "yard", type: "robot.order", subject: "r7", class: "derived", data: { halt: true }, over: [], deadlineMs: 5_000, ...order }, from));
    one.make = (dataClass = "derived", app = "yard") => log.append({ records: [events.record({ stream: "local", type: "robot.order", class: dataClass, producer: `${app}/halt`, subject: "r7", data: { halt: true } })] });
    return one;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const names = ({ asked }: Edge): readonly string[] => asked.map(([to]) => to).toSorted();

test("what is made here is offered to all doors below, and above only where nobody took it; that nobody did is told", async (context) => {
  const one = await Edge.open(context);
  for (const node of [north, south]) one.answers.set(node, 0);
  one.answers.set(south, 1);
  await one.make();
  await until(() => one.asked.length === 2);
  assert.deepEqual([one.given, names(one)], [['yard robot.order r7 {"halt":true}'], [north, south]]);
  one.answers.set(south, 0);
  one.answers.set(cloud, 0);
  await one.make();
  await until(() => one.told.length === 1);
  assert.deepEqual(names(one).slice(0, 1), [cloud]);
  assert.match(one.told[0] ?? "", /"type":"holon\.order\.missed".*"because":"no device listens"/);
  one.answers.delete(north);
  await one.make();
  await until(() => one.told.length === 2);
  assert.match(one.told[1] ?? "", /gateway-1: gateway-1 did not answer/);
});

test("what may not leave, and what another app makes, stays", async (context) => {
  const one = await Edge.open(context);
  for (const node of [north, south, cloud]) one.answers.set(node, 1);
  await one.make("derived", "another");
  await one.make("raw");
  await until(() => one.told.length === 1);
  assert.deepEqual([one.asked, one.given.length], [[], 1], "its own doors are no elsewhere");
  assert.match(one.told[0] ?? "", /of class raw, which may not leave edge-1 for gateway-1/);
});

test("what comes from a neighbour goes on to the others, never back, and is told where it was given", async (context) => {
  const one = await Edge.open(context);
  for (const node of [north, south, cloud]) one.answers.set(node, 0);
  one.here = 1;
  assert.deepEqual(await one.ask({}, north), { devices: 1 });
  assert.deepEqual([names(one), one.asked[0]?.[1]["over"], one.asked[0]?.[1]["deadlineMs"]], [[south], [edge], 2_000]);
  assert.match(one.told.join(), /"type":"holon\.order\.given".*"order":"gateway-1\/7k3f9qxa0bcde\/data\/1","devices":1/);
  one.here = 0;
  assert.deepEqual(await one.ask({ over: ["cloud-9"] }, cloud), { devices: 0 });
  assert.deepEqual(names(one), [north, south, south], "what came from above does not go up");
  assert.deepEqual(await one.ask({}, north), { devices: 0 });
  assert.equal(names(one).filter((name) => name === cloud).length, 1, "from below it goes up, where nobody took it");
});

test("who stands below orders only what it is to run, in its own name", async (context) => {
  const one = await Edge.open(context);
  await assert.rejects(one.ask({}, south), hasCode("HOLON_CALL_DENIED"));
  await assert.rejects(one.ask({ id: "gateway-1/7k3f9qxa0bcde/data/1" }, south), hasCode("HOLON_CALL_DENIED"));
  await assert.rejects(one.ask({ type: "robot.burn" }, north), hasCode("HOLON_CALL_DENIED"));
  assert.deepEqual([one.given, one.asked], [[], []]);
});

const rules = (to: string): string => `policy yard 1\npermit shares\n  who node *\n  does share\n  class derived\n  from *\n  to ${to}`;

test("an order crosses no border that the policy closes, whether its own node made it or one below", async (context) => {
  for (const [to, crosses] of [["EU", false], ["*", true]] as const) {
    const one = await Edge.open(context, rules(to));
    for (const node of [north, south, cloud]) one.answers.set(node, 0);
    assert.deepEqual(await one.ask({}, north), { devices: 0 });
    assert.equal(names(one).includes(cloud), crosses, `from below, to ${to}`);
    await one.make();
    await until(() => one.told.length === 1);
    assert.equal(names(one).filter((name) => name === cloud).length, crosses ? 2 : 0, `made here, to ${to}`);
    assert.match(one.told[0] ?? "", crosses ? /no device listens/ : /cloud-1: .*may not leave edge-1 for cloud-1/);
    await assert.rejects(one.ask({ class: "raw" }, south), hasCode("HOLON_CALL_DENIED"));
  }
});
