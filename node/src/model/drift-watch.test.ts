import assert from "node:assert/strict";
import type { RowsOf } from "./decision.ts";
import { test } from "node:test";
import type { Tensor } from "@holon/core/ports.ts";
import { childName, SimFamily, textsOf } from "../testing/sim-family.ts";
import { watchDrift } from "./drift-watch.ts";

const mine: RowsOf = { told: (own) => own };

const decider = { decide: (x: Tensor) => Promise.resolve(Array.from({ length: x.shape[0] ?? 0 }, (_, row) => ({ scores: Float32Array.of(Math.sign(x.values[row * 2] ?? 0), 0), confidence: 1, answeredBy: "here", sure: true }))) };

test("a drift of inputs and of outputs is told when it begins and when it ends, never by values", async () => {
  const family = new SimFamily();
  await family.start();
  const { log, events } = family.childNode;
  const watched = watchDrift(decider, { model: "app/sign", graph: "a", log, events, trace: { note: () => assert.fail("nothing to note") }, windowRows: 200 });
  let seed = 3;
  const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const feed = async (rows: number, shift: number): Promise<void> => {
    for (let row = 0; row < rows; row += 8) await watched.decide({ shape: [8, 2], values: Float32Array.from({ length: 16 }, (_, index) => uniform() - 0.5 + (index % 2 === 0 ? shift : 0)) }, mine);
  };
  const told = async (): Promise<readonly Record<string, unknown>[]> => {
    await family.pass(1_000);
    const texts = await family.world.drive(textsOf(family.childNode, { origin: childName, stream: "telemetry" }));
    return texts.filter((text) => text.includes("holon.model.drift")).map((text) => (JSON.parse(text.slice(text.indexOf("{"))) as { readonly data: Record<string, unknown> }).data);
  };
  await feed(1_000, 0);
  assert.deepEqual(await told(), []);
  await feed(600, 2);
  await feed(600, 0);
  const states = (await told()).map(({ side, state }) => `${String(side)} ${String(state)}`).sort();
  assert.deepEqual(states, ["input began", "input ended", "output began", "output ended"]);
  const [first] = await told();
  assert.deepEqual(Object.keys(first ?? {}).sort(), ["columns", "model", "referenceRows", "rows", "side", "state", "worst"]);
});

test("the reference and what was told of it outlive a restart, and end with another graph", async () => {
  const family = new SimFamily();
  await family.start();
  const { log, events } = family.childNode;
  const rows = (shift: number): Tensor => ({ shape: [600, 2], values: Float32Array.from({ length: 1_200 }, (_, index) => shift + Math.sin(index * 1.7)) });
  const watched = (graph: string) => watchDrift(decider, { model: "app/sign", graph, log, events, trace: { note: () => assert.fail("nothing to note") }, windowRows: 600 });
  const told = async (): Promise<readonly string[]> => {
    await family.pass(1_000);
    const texts = await family.world.drive(textsOf(family.childNode, { origin: childName, stream: "telemetry" }));
    return texts.filter((text) => text.includes("holon.model.drift") && text.includes('"input"')).map((text) => /"state":"(\w+)"/.exec(text)?.[1] ?? "");
  };
  await watched("a").decide(rows(0), mine);
  await watched("a").decide(rows(0), mine);
  assert.deepEqual(await told(), []);
  await watched("a").decide(rows(3), mine);
  assert.deepEqual(await told(), ["began"]);
  await watched("a").decide(rows(3), mine);
  assert.deepEqual(await told(), ["began"], "told once");
  await watched("a").decide(rows(0), mine);
  assert.deepEqual(await told(), ["began", "ended"]);
  await watched("b").decide(rows(3), mine);
  await watched("b").decide(rows(3), mine);
  assert.deepEqual(await told(), ["began", "ended"], "another graph, another reference");
});
