/** When a trace may be called whole: not before every node that had a part in it has told of its time, not while something of it waits, and not where steps found no room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { SpanData } from "@holon/core/telemetry/span.ts";
import { otlpTypes } from "@holon/core/telemetry/otlp/convert.ts";
import type { Trace } from "@holon/core/telemetry/trace.ts";
import type { HolonNode } from "../node.ts";
import { nodeName, running, SimFamily } from "../testing/sim-family.ts";
import { spanRecord } from "./spans.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const door = "00f067aa0ba902b7";
const [edge, gateway] = [nodeName("edge-2"), nodeName("gateway-2")];

async function two() {
  const family = new SimFamily(5);
  const telemetry = { everyMs: 60_000 };
  const machines = [family.machine(edge, { listen: `${edge}:7401`, telemetry }), family.machine(gateway, { parent: `wss://${edge}:7401`, telemetry })] as const;
  for (const machine of machines) machine.start();
  await family.until("they are linked", () => machines[1].subject?.status().uplink?.state === "open");
  const [atEdge, atGateway] = machines.map(running) as [HolonNode, HolonNode];
  return { family, atEdge, atGateway };
}

const doorSpan = (node: HolonNode, traceId = trace, spanId = door, attributes: SpanData["attributes"] = {}): NewRecord => {
  const { ms } = node.clock.wall();
  return spanRecord(node.events, "pumps/devices", { span: { traceId, spanId }, parent: undefined, name: "door pumps/devices", kind: "SERVER", startMs: ms, endMs: ms, attributes: { "service.instance.id": node.log.origin, "holon.source.name": "devices", ...attributes } });
};
const reading = (node: HolonNode): NewRecord => node.events.record({ stream: "alarm", type: "pump.alert", class: "public", producer: "pumps/devices", traceparent: `00-${trace}-${door}-01`, data: {} });
const traceAt = async (family: SimFamily, node: HolonNode): Promise<Trace> => {
  const found = await family.world.drive(node.telemetry?.trace(trace, {}) ?? Promise.reject(new Error("it measures nothing")));
  return found;
};

test("a trace is whole once each node that had a part in it has told of the time through its end, not before", async () => {
  const { family, atEdge, atGateway } = await two();
  await family.pass(200_000);
  await family.world.drive(atGateway.log.append({ records: [doorSpan(atGateway), reading(atGateway)] }));
  await family.pass(20_000);
  const early = await traceAt(family, atEdge);
  assert.deepEqual([early.spans.length, early.missing, early.isWhole], [2, [], false]);
  assert.ok(early.completeness.unknown > 0, "who has not told yet is counted");
  assert.ok(Date.parse(early.completeness.through) >= Date.parse(early.startAt) + early.tookMs);
  assert.ok(early.completeness.missing.some(({ node }) => node === gateway), "and named");
  await family.pass(180_000);
  const late = await traceAt(family, atEdge);
  assert.deepEqual([late.spans.length, late.completeness.unknown, late.isWhole], [2, 0, true]);
});

test("at an island it is not whole while an event of it waits for the link, and says so", async () => {
  const { family, atEdge, atGateway } = await two();
  atGateway.cutUplink();
  await family.world.drive(atGateway.log.append({ records: [doorSpan(atGateway), reading(atGateway), reading(atGateway)] }));
  await family.pass(600_000);
  const cut = await traceAt(family, atGateway);
  assert.deepEqual([cut.completeness.unknown, cut.missing, cut.waiting, cut.isWhole], [0, [], 2, false]);
  atGateway.healUplink();
  await family.pass(300_000);
  const healed = await traceAt(family, atGateway);
  assert.deepEqual([healed.waiting, healed.isWhole], [0, true]);
  const above = await traceAt(family, atEdge);
  assert.deepEqual([above.waiting, above.isWhole, above.spans.length], [0, true, 3]);
});

test("where steps of other traces found no room at that time, on a node that had a part in it, it may not be whole", async () => {
  const { family, atGateway } = await two();
  const other = (spanId: string, dropped: number): NewRecord => doorSpan(atGateway, "a".repeat(32), spanId, { "holon.spans_dropped": dropped });
  await family.world.drive(atGateway.log.append({ records: [other("1".repeat(16), 7)] }));
  await family.pass(300_000);
  await family.world.drive(atGateway.log.append({ records: [doorSpan(atGateway)] }));
  await family.pass(300_000);
  const before = await traceAt(family, atGateway);
  assert.deepEqual([before.dropped, before.isWhole], [0, true], "what was told before it began is not of its time");
  await family.world.drive(atGateway.log.append({ records: [other("2".repeat(16), 3), other("3".repeat(16), 5)] }));
  await family.pass(200_000);
  const after = await traceAt(family, atGateway);
  assert.deepEqual([after.dropped, after.isWhole], [3, false], "the first that is told behind it may be of its time, the next is not");
});

test("who asks for a trace of which nothing is here is told of whom nothing is known", async () => {
  const { family, atEdge, atGateway } = await two();
  await family.pass(200_000);
  const ask = async () => family.world.drive(atEdge.telemetry?.trace(trace, {}).catch((error: unknown) => error) ?? Promise.resolve());
  const heard = await ask();
  assert.ok(heard instanceof HolonError);
  assert.match(heard.message, /of 2 nodes 2 have told through \d.*Z, 0 unknown$/);
  atGateway.cutUplink();
  await family.pass(5_000);
  const early = await ask();
  assert.ok(early instanceof HolonError);
  assert.deepEqual([early.known?.completeness?.unknown, early.known?.completeness?.states.silent], [0, 1], "all have told of what is asked for, and one is silent");
  assert.match(early.message, /of 2 nodes 1 may have more to tell/);
  await family.pass(600_000);
  const refused = await ask();
  assert.ok(refused instanceof HolonError && refused.code === "HOLON_TRACE_UNKNOWN");
  assert.deepEqual([refused.known?.completeness?.nodes, refused.known?.completeness?.unknown, refused.known?.completeness?.missing.map(({ node }) => node)], [2, 1, [gateway]]);
  assert.match(refused.message, /of 2 nodes 1 may have more to tell: gateway-2 is silent since .*, known through /);
});

for (const first of ["the node above", "the node below"]) test(`what a node below tells under the id of a span of this one takes no place of it, where ${first} tells first`, async () => {
  const { family, atEdge, atGateway } = await two();
  const nodes = first === "the node above" ? [atEdge, atGateway] : [atGateway, atEdge];
  for (const node of nodes) {
    await family.world.drive(node.log.append({ records: [doorSpan(node)] }));
    await family.pass(60_000);
  }
  await family.pass(180_000);
  assert.deepEqual((await traceAt(family, atEdge)).spans.map(({ node }) => node), [edge]);
});

test("a span of an SDK that has no end, or is none, hides no other", async () => {
  const { family, atEdge } = await two();
  const sent = (name: string, more: object): object => ({ traceId: trace, spanId: Buffer.from(name.padEnd(8, "-")).toString("hex").slice(0, 16), name, startTimeUnixNano: `${atEdge.clock.wall().ms}000000`, ...more });
  const spans = [sent("whole", { endTimeUnixNano: `${atEdge.clock.wall().ms + 5}000000` }), sent("endless", {}), { traceId: trace }];
  await family.world.drive(atEdge.log.append({ records: [atEdge.events.record({ stream: "telemetry", type: otlpTypes.traces, class: "derived", producer: "otlp", data: { scopeSpans: [{ spans }] } })] }));
  const found = await traceAt(family, atEdge);
  assert.deepEqual(found.spans.map(({ name, tookMs }) => [name, tookMs]).sort(), [["endless", 0], ["whole", 5]]);
});
