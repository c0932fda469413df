import assert from "node:assert/strict";
import { test } from "node:test";
import { curveEvent } from "@holon/core/schema/energy.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { worldBeginsMs } from "@holon/sim/clock.ts";
import type { FeedTexts } from "@holon/sim/feeds.ts";
import { createModel } from "@holon/sim/model.ts";
import { SimNet } from "@holon/sim/net.ts";
import { NodeMachine } from "@holon/sim/node-machine.ts";
import { createRunner } from "@holon/sim/runner.ts";
import { World } from "@holon/sim/world.ts";
import { openNode, type HolonNode } from "../node.ts";
import { nodeName, running } from "../testing/sim-family.ts";

const hourMs = 3_600_000;
const stamp = (hour: number): string => new Date(worldBeginsMs + hour * hourMs).toISOString().slice(0, 19).replace("T", " ");
const priceText = (from: number, values: readonly number[]): string => ["Datetime (UTC),Price (EUR/MWh)", ...values.map((value, index) => `${stamp(from + index)},${value}`)].join("\n");

function bed(energy: object, feeds: FeedTexts) {
  const world = new World(5);
  const config = nodeConfigSchema.parse({ name: "edge-1", site: "site", tier: "edge", jurisdiction: "EU/DE", inventory: { energy } });
  const machine = new NodeMachine<HolonNode>(world, new SimNet(world), 1, { name: nodeName("edge-1"), boot: (ports) => openNode(config, ports), sandbox: () => ({ model: createModel(), runner: createRunner() }), feeds });
  machine.start();
  const pass = (ms: number) => world.run({ timeMs: world.nowMs + ms });
  const line = (kind: string) => running(machine).status().known.find(({ what }) => what === `curve of ${kind}`);
  async function told(): Promise<readonly unknown[]> {
    const { log } = running(machine);
    const lane = { origin: log.origin, stream: "audit" } as const;
    const records = await world.drive(log.read(lane, 1, { maxRecords: 1_000, maxBytes: 1 << 24 }));
    return records.map(({ bytes }) => parseStoredEvent(bytes, "x")).filter(({ type }) => type === curveEvent).map(({ data }) => data);
  }
  return { world, machine, pass, line, told };
}

test("a curve from an address is read again and again, told when it changes, and stands after a restart though nobody answers", async () => {
  const state = { text: priceText(-2, [10, 20, 30, -40]) as string | undefined };
  const { world, machine, pass, line, told } = bed({ price: { url: "https://prices.example/x?token=T0P-S3CRET" } }, (_, isAddress) => (assert.ok(isAddress), state.text));
  await pass(5_000);
  assert.deepEqual([line("price")?.value, line("price")?.source, line("carbon")?.value], ["0.03 a kWh now, 1 h ahead", "http https://prices.example/x", null]);
  state.text = priceText(-1, [21, 30, -40, 50]);
  await pass(limits.curveReadMs + 5_000);
  assert.equal((await told()).length, 1, "no oftener than every hour");
  assert.doesNotMatch(JSON.stringify([await told(), running(machine).status()]), /S3CRET/, "the question is the node's alone");
  await pass(hourMs);
  assert.equal((await told()).length, 2);
  assert.match(line("price")?.value ?? "", /^-0\.04 a kWh now/);
  state.text = undefined;
  await world.drive(machine.close());
  machine.start();
  await pass(5_000);
  assert.match(line("price")?.value ?? "", /^-0\.04 a kWh now/);
});

test("a file of the other kind is refused, and events bring a curve", async () => {
  const { world, machine, pass, line } = bed({ price: { event: "grid.price" }, carbon: { file: "wrong.csv" } }, () => priceText(0, [1, 2]));
  await pass(5_000);
  assert.equal(line("carbon")?.value, null);
  const { log, events } = running(machine);
  await world.drive(log.append({ records: [events.record({ stream: "local", type: "grid.price", class: "public", producer: "grid/door", data: { startMs: worldBeginsMs, values: [0.25, -0.01] } })] }));
  await pass(5_000);
  assert.deepEqual([line("price")?.value, line("price")?.source], ["0.25 a kWh now, 1 h ahead", "event grid.price"]);

  // However much comes along with it, before it and after it.
  const price = (value: number) => events.record({ stream: "local", type: "grid.price", class: "public", producer: "grid/door", data: { startMs: worldBeginsMs, values: [value, 0] } });
  const many = (count: number) => Array.from({ length: count }, () => events.record({ stream: "local", type: "grid.load", class: "public", producer: "grid/door", data: {} }));
  for (const [value, before, after] of [[0.5, 0, limits.unitBatchMax + 5], [0.75, limits.unitBatchMax + 5, 0]] as const) {
    await world.drive(log.append({ records: [...many(before), price(value), ...many(after)] }));
    await pass(5_000);
    assert.equal(line("price")?.value, `${value} a kWh now, 1 h ahead`);
  }
});
