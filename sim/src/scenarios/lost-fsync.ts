/**
 * A disk says that it has synced what it has not, and then the power goes: of what was written in between any part may be gone, names too, and what stands
 * behind a hole may be there. No log can know what such a disk dropped at its end; its parent does, as where a backup was put back.
 */
import { assert } from "@holon/core/errors.ts";
import { backUp, endLife } from "../copies.ts";
import type { Fleet, Member } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { crashSomehow, cutForAWhile, repeat, slowForAWhile, whenUp, writeEvents } from "./faults.ts";

export const lostFsync: Scenario = {
  name: "lost-fsync",
  about: "The disk of a gateway or of the edge says that it has synced what it has not, until the power goes, while links are cut, disks are slow and nodes crash.",
  convergeMsMax: 300_000,
  withoutReadings: true,
  program: (program) => settledProgram(program),
  safetyMs: (world) => world.random.fork("safety").integer(60_000, 150_000),
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    const kept = random.chance(0.5) ? { retention: { segmentBytesMax: 16 << 10, streams: {} } } : {};
    fleet.add({ name: "cloud", tier: "cloud", control: false });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", ...kept });
    for (let index = random.integer(1, 2); index > 0; index--) fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", ...kept });
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const random = world.random.fork("faults");
    writeEvents(fleet, random.fork("load"), untilMs);
    const able = [...fleet.members.values()].filter(({ parent }) => parent !== undefined);
    for (const { machine, parent } of able) {
      const mine = random.fork(machine.name);
      if (parent !== undefined) repeat(world, mine.fork("cuts"), 12_000, untilMs, () => cutForAWhile(fleet, mine, machine.name, parent, untilMs));
      repeat(world, mine.fork("slow"), 30_000, untilMs, () => slowForAWhile(world, machine, mine));
      repeat(world, mine.fork("crashes"), 40_000, untilMs, () => !machine.medium.faults.syncLies && crashSomehow(machine, mine));
    }
    const target = able[random.integer(0, able.length - 1)];
    assert(target !== undefined, "the fleet has members");
    let lies = random.integer(1, 3);
    // Nothing begins behind the end of the faults, however short they are made.
    const lie = (afterMs: number): void => void (world.nowMs + afterMs < untilMs && world.after(afterMs, () => lieAndCut(fleet, target, random, untilMs, () => --lies > 0 && lie(random.between(1_000, 20_000)))));
    lie(random.between(2_000, 30_000));
  },
  check: (fleet) => Promise.resolve(fleet.parted.size === 0 ? ["no disk lied: the run proves nothing"] : []),
};

/** From when the node is up until the power goes. */
function lieAndCut(fleet: Fleet, member: Member, random: SeededRandom, untilMs: number, done: () => void): void {
  const { world } = fleet;
  const { machine } = member;
  whenUp(world, machine, () => {
    if (world.nowMs >= untilMs) return;
    const { heads } = backUp(member);
    machine.identity.hooks = {}; // no crash that was planned before ends a life of which the disk forgets more than anybody accounts for
    machine.medium.faults.syncLies = true;
    world.at(Math.min(untilMs - 1, world.nowMs + random.between(50, 10_000)), () => {
      endLife(fleet, member, heads);
      fleet.damaged.add(machine.name);
      machine.crash("power");
      machine.medium.faults.syncLies = false;
      world.after(random.between(10, 5_000), () => machine.start());
      done();
    });
  });
}
