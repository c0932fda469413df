/** What a cascade is not sure of is asked of the nearest that answers: a sibling that has the model, or whom stands above; and of the other where one is dead or slow. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { graphOf } from "@holon/node/testing/sign-graph.ts";
import { Fleet } from "./fleet.ts";
import { controlOf } from "./programs/moving.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const source = `export default { kind: "holon.function", on: { type: "sim.never" }, emits: {}, models: ["small"], run() {} };`;
const hashOf = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const [small, large] = [graphOf(1), graphOf(10)];
const release = { class: "derived", because: "signs of numbers" };

test("a cascade asks the nearest that answers, and another where that is gone", async () => {
  const world = new World(5);
  const { boot, sandbox } = await holonProgram({}, source);
  const fleet = new Fleet(world, { boot, sandbox }, { withoutReadings: true });
  fleet.add({ name: "cloud", tier: "cloud" });
  fleet.add({ name: "edge-1", tier: "edge", parent: "cloud" });
  fleet.add({ name: "gateway-1", tier: "gateway", parent: "edge-1", site: "plant", siblings: ["edge-2"] });
  fleet.add({ name: "edge-2", tier: "edge", parent: "cloud", site: "plant", siblings: ["gateway-1"] });
  await fleet.bringUp();
  const control = controlOf(fleet.root.machine.subject);
  assert.ok(control !== undefined);
  for (const bytes of [new TextEncoder().encode(source), small, large]) await world.drive(control.blobs.put(bytes));
  await world.drive(control.deploy(appDocumentSchema.parse({
    name: "signs", version: "1",
    functions: [{ name: "use", code: hashOf(source), on: { type: "sim.never" }, emits: {}, models: ["small"] }],
    models: [
      { name: "small", graph: hashOf(small), cascade: { above: "large", gate: { temperature: 1, threshold: 0.99 }, deadlineMs: 4_000, release } },
      { name: "large", graph: hashOf(large), answers: { tier: "edge" } },
    ],
    egress: [{ class: "derived", to: "*" }],
  })));
  const machineOf = (name: string) => fleet.members.get(name)?.machine;
  const answersAt = (name: string): boolean => machineOf(name)?.subject?.status?.().models.some(({ model }) => model === "signs/large") === true;
  await world.run({ timeMs: world.nowMs + 120_000, condition: () => answersAt("edge-1") && answersAt("edge-2") && machineOf("gateway-1")?.subject?.status?.().models.some(({ model }) => model === "signs/small") === true });
  await world.run({ timeMs: world.nowMs + 30_000 });
  const ask = async () => {
    const decide = machineOf("gateway-1")?.subject?.decide;
    assert.ok(decide !== undefined);
    const startedMs = world.nowMs;
    const [decision] = await world.drive(decide("signs", "small", { shape: [1, 1], values: Float32Array.of(0.5) }));
    return { by: decision?.answeredBy, kept: decision?.kept, tookMs: world.nowMs - startedMs };
  };
  const asked = async (times: number): Promise<ReadonlySet<string | undefined>> => {
    const by = new Set<string | undefined>();
    for (let time = 0; time < times; time++) {
      const answer = await ask();
      by.add(answer.kept === undefined ? answer.by : answer.kept);
      await world.run({ timeMs: world.nowMs + 1_000 });
    }
    return by;
  };
  assert.deepEqual(await asked(1), new Set(["edge-1"]), "of siblings nothing is known yet");

  fleet.net.cut("gateway-1", "edge-1"); // nobody is told: what is sent is lost
  const passed = await ask();
  assert.deepEqual([passed.by, passed.kept], ["edge-2", undefined]);
  assert.ok(passed.tookMs < 4_000, `${passed.tookMs} ms`);
  assert.deepEqual(await asked(4), new Set(["edge-2"]), "who failed rests");
  fleet.net.heal("gateway-1", "edge-1");
  await world.run({ timeMs: world.nowMs + 300_000 });

  machineOf("edge-2")?.crash("power", 600_000);
  assert.equal((await ask()).by, "edge-1");
  assert.deepEqual(await asked(2), new Set(["edge-1"]));

  fleet.net.cut("gateway-1", "edge-1");
  assert.equal((await ask()).by, "gateway-1", "nobody is left, and it says so");
});
