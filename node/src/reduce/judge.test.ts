/** A reduction that lets a model judge readings, on a simulated gateway. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { childName, SimFamily } from "../testing/sim-family.ts";
import { graphOf } from "../testing/sign-graph.ts";

const judge = { kind: "judge", name: "reflex", on: "press.reading", emits: "press.stop", stream: "local", fields: ["force"], model: "sign", because: "a score tells no reading" };

async function judged(more: Record<string, unknown>, ...readings: readonly (readonly [timeMs: number, data: unknown])[]): Promise<{ readonly orders: readonly StoredEvent[]; readonly audit: readonly StoredEvent[] }> {
  const family = new SimFamily();
  await family.start();
  const { world, childNode: node } = family;
  const graph = await world.drive(node.blobs.put(graphOf(1)));
  const apps = [{ name: "press", functions: [], models: [{ name: "sign", graph }], egress: [], reductions: [{ ...judge, ...more }] }];
  const desired = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: childName, version: 1, plan: "plan", apps });
  await world.drive(node.log.append({ cells: [{ key: `desired/${childName}`, value: new TextEncoder().encode(JSON.stringify(desired)) }] }));
  await family.until("it runs", () => node.status().agent.units[0]?.state === "running");
  for (const [timeMs, data] of readings) await world.drive(node.log.append({ records: [node.events.record({ stream: "local", type: "press.reading", class: "raw", producer: "test", subject: "press-1", timeMs, data })] }));
  await family.until("all is handled", () => node.status().agent.units.every(({ lag, handled }) => lag === 0 && handled === readings.length));
  const read = async (stream: "local" | "audit"): Promise<readonly StoredEvent[]> => (await world.drive(node.log.read({ origin: childName, stream }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }))).map(({ bytes }) => parseStoredEvent(bytes, "test"));
  return { orders: (await read("local")).filter(({ type }) => type === "press.stop"), audit: await read("audit") };
}

const said = ({ subject, time, class: own, data }: StoredEvent): unknown => [subject, Date.parse(time), own, data];

test("each reading with all fields is judged; what has not, is none; the release is told first", async () => {
  const { orders, audit } = await judged({}, [1_000, { force: 2 }], [2_000, { force: "none" }], [3_000, { force: -1, more: 7 }]);
  assert.deepEqual(orders.map(said), [["press-1", 1_000, "derived", { scores: [2, 0], best: 0 }], ["press-1", 3_000, "derived", { scores: [-1, 0], best: 1 }]]);
  assert.deepEqual(audit.filter(({ type }) => type === "holon.reduction.released").map(({ data }) => data), [{ reduction: "press/reflex", on: "press.reading", emits: "press.stop", from: "raw", to: "derived", because: judge.because }]);
});

test("with a bound only what is above it is told", async () => {
  const { orders } = await judged({ when: { score: 0, above: 1 } }, [1, { force: 1 }], [2, { force: 1.5 }], [3, { force: -9 }]);
  assert.deepEqual(orders.map(({ data }) => data), [{ scores: [1.5, 0], best: 0 }]);
});

test("a window is judged when it is complete, by its last readings; one with too few is not", async () => {
  const { orders } = await judged({ rows: 1, window: { kind: "tumbling", sizeMs: 10 } }, [0, { force: 1 }], [5, { force: 2 }], [12, { other: 1 }], [25, { force: 3 }], [40, { force: 4 }]);
  assert.deepEqual(orders.map(said), [["press-1", 9, "derived", { scores: [2, 0], best: 0 }], ["press-1", 29, "derived", { scores: [3, 0], best: 0 }]]);
});
