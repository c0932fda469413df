/**
 * One node of the chain loses its disk and starts from an older backup of it, once or more often: a gateway, the edge or the cloud. What it
 * had told its parent stays; what it writes from then on is another history, and arrives as that. What only its disk had is gone with it.
 */
import { assert } from "@holon/core/errors.ts";
import { backUp, restore } from "../copies.ts";
import type { Fleet, Member } from "../fleet.ts";
import { dataOf } from "../lane-ledger.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { crashSomehow, cutForAWhile, repeat, whenUp, writeEvents } from "./faults.ts";

export const restoreFromBackup: Scenario = {
  name: "restore-from-backup",
  about: "A gateway, the edge or the cloud starts from an older backup of its disk, while links are cut and nodes crash.",
  convergeMsMax: 300_000,
  withoutReadings: true,
  program: (program) => settledProgram(program),
  safetyMs: (world) => world.random.fork("safety").integer(60_000, 150_000),
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    // What is safe elsewhere is let go of early in some worlds: a parent that is restored then lacks what nobody has any more.
    const retention = random.chance(0.4) ? { segmentBytesMax: 16 << 10, streams: { data: { maxBytes: 16 << 10 } } } : undefined;
    const kept = retention === undefined ? {} : { retention };
    fleet.add({ name: "cloud", tier: "cloud", control: false });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", ...kept });
    for (let index = random.integer(1, 2); index > 0; index--) fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", ...kept });
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const random = world.random.fork("faults");
    writeEvents(fleet, random.fork("load"), untilMs);
    for (const { machine, parent } of [...fleet.members.values()]) {
      const mine = random.fork(machine.name);
      if (parent !== undefined) repeat(world, mine.fork("cuts"), 12_000, untilMs, () => cutForAWhile(fleet, mine, machine.name, parent, untilMs));
      repeat(world, mine.fork("crashes"), 40_000, untilMs, () => crashSomehow(machine, mine));
    }
    const able = [...fleet.members.values()];
    const target = able[random.integer(0, able.length - 1)];
    assert(target !== undefined, "the fleet has members");
    let disasters = random.integer(1, 3);
    const disaster = (afterMs: number): void => void world.after(afterMs, () => loseAndRestore(fleet, target, random, untilMs, () => --disasters > 0 && disaster(random.between(1_000, 20_000))));
    disaster(random.between(2_000, 30_000));
  },
  check: async (fleet) => (fleet.parted.size === 0 ? ["nothing was restored: the run proves nothing"] : wronglyTold(fleet)),
};

/** There is no copy in this world: what a node tells of its own second history is that its log was put back. */
async function wronglyTold(fleet: Fleet): Promise<readonly string[]> {
  const { subject } = fleet.root.machine;
  assert(subject !== undefined, "the root is up when the checkers run");
  const wrong: string[] = [];
  for (const { lane } of subject.log.heads().values()) {
    if (lane.stream !== "alarm" || !fleet.parted.has(lane.origin)) continue;
    for (const { bytes } of await fleet.read(subject, lane)) {
      const data = dataOf(bytes);
      if (typeof data !== "object" || data === null || !("kind" in data) || !("lane" in data) || !String(data.lane).startsWith(`${lane.origin}/`)) continue;
      if (data.kind !== "restored" && data.kind !== "replaced") wrong.push(`${lane.origin} tells of ${String(data.lane)} that it was ${String(data.kind)}, and it was put back from a backup`);
    }
  }
  return wrong;
}

/** Backs up when the node is up, and some time later puts that back. */
function loseAndRestore(fleet: Fleet, target: Member, random: SeededRandom, untilMs: number, done: () => void): void {
  const { world } = fleet;
  whenUp(world, target.machine, () => {
    const backup = backUp(target);
    const afterMs = random.chance(0.2) ? random.between(0, 500) : random.between(500, 30_000);
    world.at(Math.min(untilMs - 1, world.nowMs + afterMs), () =>
      whenUp(world, target.machine, () => {
        restore(fleet, target, backup, random.between(10, 5_000));
        done();
      }),
    );
  });
}
