/** A site with no uplink agrees by itself, and one of its members with an uplink carries it up for another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { counterValue } from "@holon/core/shared/counter.ts";
import { Fleet, type Machine } from "./fleet.ts";
import { holonProgram } from "./programs/program.ts";
import { sharedApp } from "./scenarios/shared-islands.ts";
import { settledProgram } from "./programs/settled.ts";
import { World } from "./world.ts";

const program = settledProgram(await holonProgram(), {}, sharedApp);
const names = ["gateway-1", "gateway-2"];

const made = ({ subject }: Machine): number => {
  const state = subject?.shared?.entry("storm/counter/made/")?.state;
  return state?.kind === "counter" ? counterValue(state) : 0;
};

test("siblings exchange what they share with no uplink, and through each other", async () => {
  const world = new World(1);
  const fleet = new Fleet(world, program, { withoutReadings: true });
  const { machine: cloud } = fleet.add({ name: "cloud", tier: "cloud", control: false });
  const gateways = names.map((name) => fleet.add({ name, tier: "gateway", parent: "cloud", siblings: names.filter((sibling) => sibling !== name) }).machine);
  const [first, second] = gateways;
  assert(first !== undefined && second !== undefined, "there are two");
  await fleet.bringUp();
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    await world.run({ condition, timeMs: world.nowMs + 400_000 });
    assert.ok(condition(), what);
  };
  const add = (machine: Machine, amount: number): Promise<void> => world.drive(machine.subject?.shared?.apply(sharedApp, [{ op: "count", name: "made", key: "", amount }]) ?? Promise.reject(new Error("it is down")));

  for (const { name } of gateways) fleet.net.cut(name, "cloud", { reset: true });
  await world.run({ timeMs: world.nowMs + 60_000 });
  await add(first, 3);
  await add(second, 4);
  await until("the island agrees", () => gateways.every((machine) => made(machine) === 7));
  assert.equal(made(cloud), 0);

  fleet.net.heal(second.name, "cloud");
  await add(first, 10);
  await until("the cloud has what came through the sibling", () => made(cloud) === 17);
  await add(cloud, 100);
  await until("the member that is still cut off has what the cloud did", () => made(first) === 117);
});
