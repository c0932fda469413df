/** A function that learns where it runs: with its publisher's grant, without it, and when a later version takes the grant back. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { graphOf } from "@holon/node/testing/sign-graph.ts";
import { z } from "zod";
import { calmDevices } from "./door.ts";
import { Fleet } from "./fleet.ts";
import { createModel } from "./model.ts";
import type { Control } from "@holon/control/index.ts";
import { holonProgram } from "./programs/program.ts";
import { createRunner } from "./runner.ts";
import type { SimSubject } from "./subject.ts";
import { World } from "./world.ts";

const code = new TextEncoder().encode(`export default {
  kind: "holon.function", on: { type: "sim.reading" }, emits: { "sim.told": { stream: "data", class: "derived" } }, models: ["sign"],
  run(event, context) {
    const learned = context.models.sign.fitted("pump");
    if (!learned) context.models.sign.fit("pump", { gain: { shape: [2], values: Float32Array.of(1, 2) } }, "rows 1");
    context.emit("sim.told", { data: { learned } });
  },
};`);
const graph = graphOf(1);
const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes);
const grant = (extent: number) => ({ by: ["learn"], tensors: { gain: [extent] } });
const appWith = (version: string, fit?: object) => appDocumentSchema.parse({
  name: "learner",
  version,
  sources: [{ kind: "replay", name: "device", type: "sim.reading", files: [{ path: "device", subject: "device" }], columns: { value: "value" } }],
  functions: [{ name: "learn", code: sha256(code), on: { type: "sim.reading" }, emits: { "sim.told": { stream: "data", class: "derived" } }, models: ["sign"] }],
  models: [{ name: "sign", graph: sha256(graph), ...(fit === undefined ? {} : { fit }) }],
  egress: [{ class: "derived", to: "*" }],
});

class Learner {
  readonly #world: World;
  readonly #fleet: Fleet;

  static async start(): Promise<Learner> {
    const [{ boot }, runner] = [await holonProgram(), createRunner()];
    await runner.prepare("learn", code);
    const learner = new Learner(new World(5), (world) => new Fleet(world, { boot, sandbox: () => ({ model: createModel(), runner }) }));
    await learner.#fleet.bringUp();
    for (const blob of [code, graph]) await learner.#world.drive(learner.#control().blobs.put(blob));
    await learner.until("both are heard", () => Promise.resolve(learner.#control().nodes().length === 2));
    return learner;
  }

  private constructor(world: World, open: (world: World) => Fleet) {
    this.#world = world;
    this.#fleet = open(world);
    this.#fleet.add({ name: "cloud", tier: "cloud" });
    this.#fleet.add({ name: "gateway-1", tier: "gateway", parent: "cloud", devices: { ...calmDevices, readingsPerSecond: 2 } });
  }

  #subject(name: string): SimSubject {
    const subject = this.#fleet.members.get(name)?.machine.subject;
    assert.ok(subject !== undefined);
    return subject;
  }

  #control() {
    const subject = this.#subject("cloud");
    assert.ok("control" in subject && subject.control !== undefined);
    return subject.control as Control; // as the simulator's program boots it
  }

  async deploy(version: string, fit?: object): Promise<void> {
    await this.#world.drive(this.#control().deploy(appWith(version, fit)));
  }

  async told(type: string): Promise<readonly Record<string, unknown>[]> {
    const { log } = this.#subject("gateway-1");
    const found: Record<string, unknown>[] = [];
    for (const stream of ["audit", "data", "telemetry"] as const) {
      const records = log.head({ origin: log.origin, stream }) === undefined ? [] : await this.#world.drive(log.read({ origin: log.origin, stream }, 1, { maxRecords: 10_000, maxBytes: 4 << 20 }));
      for (const { bytes } of records) {
        const event = parseStoredEvent(bytes, "");
        if (event.type === type) found.push(z.record(z.string(), z.unknown()).parse(event.data));
      }
    }
    return found;
  }

  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    for (let waits = 0; waits < 600; waits += 1) {
      if (await isTrue()) return;
      await this.#world.run({ timeMs: this.#world.nowMs + 200 });
    }
    assert.fail(`never came true: ${what}; ${JSON.stringify(this.#subject("gateway-1").status?.().agent)}`);
  }
}

test("without a grant nothing that was fitted is kept or used, and it is told; with one it runs, until a version takes it back", async () => {
  const learner = await Learner.start();
  const hasLearned = async (): Promise<boolean> => (await learner.told("sim.told")).some(({ learned }) => learned === true);
  await learner.deploy("1");
  const refusals = async (saying: RegExp) => (await learner.told("holon.model.refused")).filter(({ message }) => saying.test(String(message)));
  await learner.until("it is refused", async () => (await refusals(/grants nobody/)).length > 0);
  assert.deepEqual(await learner.told("holon.model.fitted"), []);
  assert.equal(await hasLearned(), false);

  await learner.deploy("2", grant(1));
  await learner.until("the shape is refused", async () => (await refusals(/grants gain up to 1/)).length > 0);
  assert.equal(await hasLearned(), false);

  await learner.deploy("3", grant(2));
  await learner.until("it has learned", hasLearned);
  assert.equal((await learner.told("holon.model.fitted")).length, 1);

  await learner.deploy("4");
  await learner.until("what it knew is refused", async () => (await refusals(/grants nobody/)).some(({ held }) => held === true));
  for (const { model, code: told } of await refusals(/./)) assert.deepEqual([model, told], ["sign", "HOLON_FIT_UNGRANTED"]);
});
