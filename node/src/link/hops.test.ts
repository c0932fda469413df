/** The way of an event over links, told by those who take it in; and a trace as each node on the way knows it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { spanDataSchema, spanType } from "@holon/core/telemetry/span.ts";
import type { Trace } from "@holon/core/telemetry/trace.ts";
import type { HolonNode } from "../node.ts";
import { nodeName, running, SimFamily, textsOf } from "../testing/sim-family.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const judge = "00f067aa0ba902b7";
const followed = `00-${trace}-${judge}-01`;
const [cloud, edge, gateway] = [nodeName("cloud-1"), nodeName("edge-2"), nodeName("gateway-2")];

async function threeTiers() {
  const family = new SimFamily(3);
  const telemetry = {};
  const machines = [
    family.machine(cloud, { listen: `${cloud}:7401`, telemetry }),
    family.machine(edge, { listen: `${edge}:7401`, parent: `wss://${cloud}:7401`, telemetry }),
    family.machine(gateway, { parent: `wss://${edge}:7401`, telemetry }),
  ] as const;
  for (const machine of machines) machine.start();
  const isOpen = (node: HolonNode | undefined): boolean => node?.status().uplink?.state === "open";
  await family.until("all are linked", () => isOpen(machines[1].subject) && isOpen(machines[2].subject));
  const [atCloud, atEdge, atGateway] = machines.map(running) as [HolonNode, HolonNode, HolonNode];
  return { family, machines, atCloud, atEdge, atGateway };
}

const alarm = (node: HolonNode, traceparent?: string) => node.events.record({ stream: "alarm", type: "pump.alert", class: "public", producer: "pump-watch/judge", subject: "valve1", traceparent, data: { flow: 4711 } });
const traced = (node: HolonNode): Promise<Trace | undefined> => node.telemetry?.trace(trace, {}).catch(() => undefined) ?? Promise.resolve(undefined);
const brief = (of: Trace | undefined): readonly string[] => (of?.spans ?? []).map(({ depth, name, waited }) => `${depth} ${name}${waited === null ? "" : " waited"}`);

test("a link that was cut stands in the trace as the time for which the event waited, at each node that knows it", async () => {
  const { family, atCloud, atEdge, atGateway } = await threeTiers();
  const recordedMs = atGateway.clock.wall().ms;
  atEdge.cutUplink();
  await family.world.drive(atGateway.log.append({ records: [alarm(atGateway), alarm(atGateway, followed), alarm(atGateway, followed.replace(/01$/, "00"))] }));
  await family.until("it is at the edge", () => (atEdge.log.head({ origin: gateway, stream: "alarm" })?.sequence ?? 0) >= 4);
  await family.pass(600_000);
  assert.deepEqual(brief(await family.world.drive(traced(atEdge))), [`0 link ${gateway} to ${edge}`]);
  assert.equal(await family.world.drive(traced(atCloud)), undefined, "nothing came there");
  atEdge.healUplink();
  await family.until("it is at the cloud", () => (atCloud.log.head({ origin: gateway, stream: "alarm" })?.sequence ?? 0) >= 4);
  await family.pass(120_000);
  const found = await family.world.drive(traced(atCloud));
  assert.deepEqual(brief(found), [`0 link ${gateway} to ${edge}`, `1 link ${edge} to ${cloud} waited`]);
  const [near, far] = found?.spans ?? [];
  assert.ok(near !== undefined && far?.waited != null);
  assert.ok(Math.abs(Date.parse(near.startAt) - recordedMs) < 1_000 && near.tookMs < 60_000);
  assert.ok(far.waited.tookMs > 540_000 && far.tookMs >= far.waited.tookMs && far.fromMs === near.tookMs, "it set out where it had arrived");
  assert.deepEqual(found?.missing, [{ spanId: judge, namedBy: edge }], "the function's span is not here, and is not passed over in silence");
  assert.equal(found?.isWhole, false);
  assert.deepEqual([found?.completeness.nodes, found?.completeness.unknown], [3, 0]);
  assert.equal(near.event?.split("/")[0], gateway);
});

test("spans of a link say who and when, never what: and an event whose way nobody follows has none", async () => {
  const { family, atCloud, atEdge, atGateway } = await threeTiers();
  await family.world.drive(atGateway.log.append({ records: [alarm(atGateway, followed), alarm(atGateway)] }));
  await family.until("it is at the cloud", () => (atCloud.log.head({ origin: gateway, stream: "alarm" })?.sequence ?? 0) >= 3);
  await family.pass(1_000);
  for (const node of [atEdge, atCloud]) {
    const texts = (await family.world.drive(textsOf(node, { origin: node.log.origin, stream: "telemetry" }))).filter((text) => text.includes(spanType));
    assert.equal(texts.length, 1);
    assert.ok(!/4711|valve1/.test(texts.join()));
  }
});

test("what came again is not told again, and a storm is bounded and counted", async () => {
  const { family, machines, atEdge, atGateway } = await threeTiers();
  const [, middle] = machines;
  for (let index = 0; index < 4; index++) {
    await family.world.drive(atGateway.log.append({ records: Array.from({ length: 30 }, () => alarm(atGateway, followed)) }));
    if (index === 1) middle.crash("power", 300);
    await family.pass(5_000);
  }
  await family.until("all of it is at the edge", () => running(middle).log.head({ origin: gateway, stream: "alarm" })?.hash === atGateway.log.head({ origin: gateway, stream: "alarm" })?.hash);
  await family.pass(5_000);
  assert.notEqual(atEdge, running(middle));
  const node = running(middle);
  const records = await family.world.drive(node.log.read({ origin: edge, stream: "telemetry" }, 1, { maxRecords: 10_000, maxBytes: 64 << 20 }));
  const spans = records.map((record) => parseStoredEvent(record.bytes, "test")).filter(({ type }) => type === spanType).map(({ data }) => spanDataSchema.parse(data));
  const ids = spans.map(({ spanId }) => spanId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(spans.length >= 60 && spans.length < 120, String(spans.length));
  assert.ok(spans.reduce((sum, { attributes }) => sum + Number(attributes["holon.spans_dropped"] ?? 0), 0) >= 10);
});
