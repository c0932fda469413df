/** A sealed app in a fleet whose control plane gives it to whom it likes. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import type { Control } from "@holon/control/index.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { Fleet } from "./fleet.ts";
import { createModel } from "./model.ts";
import { holonProgram } from "./programs/program.ts";
import { createRunner } from "./runner.ts";
import { createSeals, simSeal } from "./seals.ts";
import type { SimSubject } from "./subject.ts";
import { World } from "./world.ts";

const code = new TextEncoder().encode(`export default {
  kind: "holon.function", on: { type: "sim.reading" }, emits: {}, models: [], run() {},
};`);
const sealed = simSeal(code, "teller/function/tell", ["plant"]);
const app = (version: string, more: Partial<AppDocument>): AppDocument => appDocumentSchema.parse({
  name: "teller", version, functions: [{ name: "tell", code: hash("sha256", sealed), on: { type: "sim.reading" }, emits: {} }], models: [], ...more,
});

test("what is sealed is planned for its sites alone; a node to which it is given all the same runs nothing of it, and says so", async () => {
  const [{ boot }, runner] = [await holonProgram(), createRunner()];
  await runner.prepare("tell", code);
  const world = new World(7);
  const fleet = new Fleet(world, { boot, sandbox: () => ({ model: createModel(), runner }) });
  fleet.add({ name: "cloud", tier: "cloud", site: "cloud" });
  for (const [name, site] of [["gateway-1", "plant"], ["gateway-2", "harbour"]] as const) fleet.add({ name, tier: "gateway", parent: "cloud", site, wrap: (ports) => ({ ...ports, seals: createSeals(site) }) });
  await fleet.bringUp();
  const subject = (name: string): SimSubject => {
    const found = fleet.members.get(name)?.machine.subject;
    assert.ok(found !== undefined);
    return found;
  };
  const cloud = subject("cloud");
  assert.ok("control" in cloud && cloud.control !== undefined);
  const control = cloud.control as Control; // as the simulator's program boots it
  const units = (name: string) => subject(name).status?.().agent.units ?? [];
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    await world.run({ condition, timeMs: world.nowMs + 120_000 });
    assert.ok(condition(), `${what}: ${JSON.stringify([units("gateway-1"), units("gateway-2")])}`);
  };
  await until("all are heard", () => control.nodes().length === 3);
  await world.drive(control.blobs.put(sealed));

  await world.drive(control.deploy(app("1", { sealTo: ["plant"] })));
  await until("it runs where it is open", () => units("gateway-1").some(({ state }) => state === "running"));
  assert.deepEqual(units("gateway-2"), []);

  // A document that says it were for the other site too: nobody but the publisher could have sealed it for there.
  await world.drive(control.deploy(app("2", { sealTo: ["harbour", "plant"] })));
  await until("it is refused there", () => units("gateway-2").some(({ problem }) => problem?.code === "HOLON_SEAL_CLOSED"));
  assert.ok(units("gateway-2").every(({ state, handled }) => state !== "running" && handled === 0));
  assert.ok(units("gateway-1").some(({ state }) => state === "running"));
});
