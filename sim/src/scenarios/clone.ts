/**
 * A node's disk is copied while it runs, and a second machine starts from the copy under the same name: as after a restart, or as a frozen
 * machine that is woken twice. Both write, both connect, and copies are copied again.
 */
import { backUp, copy } from "../copies.ts";
import type { Fleet, Member } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { crashSomehow, cutForAWhile, repeat, whenUp, writeEvents } from "./faults.ts";

export const clone: Scenario = {
  name: "clone",
  about: "A second machine runs from a copy of a node's disk, or a frozen node is woken twice, while links are cut and nodes crash.",
  convergeMsMax: 300_000,
  withoutReadings: true,
  program: (program) => settledProgram(program),
  safetyMs: (world) => world.random.fork("safety").integer(60_000, 150_000),
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud", control: false });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud" });
    for (let index = random.integer(1, 2); index > 0; index--) fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1" });
  },
  plan(fleet, untilMs) {
    const random = fleet.world.random.fork("faults");
    writeEvents(fleet, random.fork("load"), untilMs);
    for (const member of [...fleet.members.values()]) disturb(fleet, member, random.fork(member.machine.name), untilMs);
    const copies = random.integer(1, 3);
    for (let number = 1; number <= copies; number++) {
      fleet.world.after(random.between(2_000, 40_000), () => copySome(fleet, random, number, untilMs));
    }
  },
  check: (fleet) => Promise.resolve(fleet.parted.size === 0 ? ["nothing was copied: the run proves nothing"] : []),
};

function disturb(fleet: Fleet, { machine, parent }: Member, random: SeededRandom, untilMs: number): void {
  if (parent !== undefined) repeat(fleet.world, random.fork("cuts"), 12_000, untilMs, () => cutForAWhile(fleet, random, machine.name, parent, untilMs));
  repeat(fleet.world, random.fork("crashes"), 40_000, untilMs, () => crashSomehow(machine, random));
}

/** Of a gateway, now and then of the edge with all that it holds of its children; also of what is a copy itself. */
function copySome(fleet: Fleet, random: SeededRandom, number: number, untilMs: number): void {
  const { world } = fleet;
  const tier = random.chance(0.2) ? "edge" : "gateway";
  const able = [...fleet.members.values()].filter(({ config }) => config.tier === tier);
  const target = able[random.integer(0, able.length - 1)];
  if (target !== undefined) whenUp(world, target.machine, () => {
    const backup = backUp(target);
    const epoch = random.chance(0.4) ? target.machine.subject?.log.epoch : undefined;
    world.after(random.chance(0.3) ? 0 : random.between(0, 15_000), () => {
      disturb(fleet, copy(fleet, target, `${target.config.name}-copy-${number}`, backup, epoch), random.fork(`copy-${number}`), untilMs);
    });
  });
}
