/**
 * Lines that carry a few kilobytes a second and more to send than they carry, on a network that is out of order: frames come twice or late,
 * ways are open in one direction only, ends vanish, disks are slow. What waits is on disk and not in memory: every queue stays within
 * its bound, and no frame is too large for a line that is slow but alive.
 */
import { limits } from "@holon/core/limits.ts";
import type { Fleet } from "../fleet.ts";
import { wideAreaLine, type ProfileOf } from "../net/link-profile.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { QueueWatch } from "../queue-watch.ts";
import { crashSomehow, cutForAWhile, repeat, slowForAWhile } from "./faults.ts";

/** Marks, signs of life and documents beside records: what any sender may have queued besides what the protocol lets it have on the way, the run that goes over it included. */
const besideBytes = 64 << 10;
/** A gateway is given so much to send that its line needs about so long for it. */
const workMs = 300_000;
/** Bytes a millisecond: a frame of one turn takes minutes on such a line. */
const narrowest = 0.4;
const eventBytes = 6_000;
/** One gateway has more to send than any sender may have on the way, and a line that carries it in the end. */
const flooded = "gateway-1";
const floodEvents = 2_100;
const watches = new WeakMap<Fleet, QueueWatch>();

export const narrowLinks: Scenario = {
  name: "narrow-links",
  about: "Lines of a few kilobytes a second, frames that come twice or late, ways open in one direction, slow disks; more to send than fits.",
  withoutReadings: true,
  convergeMsMax: 7_200_000,
  program: (program) => settledProgram(program),
  safetyMs: (world) => world.random.fork("safety").integer(120_000, 240_000),
  lines: (world) => narrowLines(world.random.fork("lines")),
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud", control: false });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud" });
    for (let number = random.integer(1, 4); number > 0; number--) fleet.add({ name: `gateway-${number}`, tier: "gateway", parent: "edge-1" });
  },
  plan(fleet, untilMs) {
    const { world, net } = fleet;
    watches.set(fleet, new QueueWatch(fleet, limits.linkInFlightBytesMax + limits.batchBytesMax + besideBytes));
    const random = world.random.fork("faults");
    Object.assign(net.disorder, { duplicateChance: random.between(0, 0.05), lateChance: random.between(0, 0.05) });
    for (const { machine, parent } of fleet.members.values()) {
      const own = random.fork(machine.name);
      repeat(world, own, 40_000, untilMs, () => crashSomehow(machine, own));
      repeat(world, own.fork("spells"), 30_000, untilMs, () => slowForAWhile(world, machine, own));
      if (parent === undefined) continue;
      const cuts = own.fork("cuts");
      repeat(world, cuts, 30_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
      if (machine.name === "edge-1") continue;
      const count = (net.profileOf(machine.name, parent, 0).bytesPerMs * workMs) / eventBytes;
      repeat(world, own.fork("load"), (untilMs - world.nowMs) / count, untilMs, () => emitSome(fleet, machine.name, own));
      if (machine.name !== flooded) continue;
      world.at(untilMs - 1, () => {
        for (let event = 0; event < floodEvents; event++) emitSome(fleet, flooded, own);
      });
    }
  },
  findings(fleet) {
    const watch = watches.get(fleet);
    if (watch === undefined) return { violations: [], figures: {} };
    return { violations: watch.violations(), figures: { queuedBytesMax: watch.bytesMax, queuedBytesBound: watch.boundBytes } };
  },
};

/** Text that does not compress, so that the line feels all of it. */
function emitSome(fleet: Fleet, name: string, random: SeededRandom): void {
  const subject = fleet.members.get(name)?.machine.subject;
  const stream = random.chance(0.02) ? "alarm" : "data";
  const text = Buffer.from(random.bytes(stream === "alarm" ? 40 : (eventBytes * 3) / 4)).toString("base64");
  subject?.emit?.(stream, { text }).catch(() => undefined); // a disk that is full or a log that is closed: then it is not acknowledged either
}

/** Of each pair of nodes, the same in both directions: between 0.4 and 8 kilobytes a second to the edge, 8 to 36 to the cloud. */
function narrowLines(random: SeededRandom): ProfileOf {
  const lines = new Map<string, number>();
  return (from, to) => {
    const pair = [from, to].sort().join("-");
    const bytesPerMs = lines.get(pair) ?? rateOf(pair, random.fork(pair));
    lines.set(pair, bytesPerMs);
    return { ...wideAreaLine, bytesPerMs };
  };
}

function rateOf(pair: string, random: SeededRandom): number {
  if (pair.includes(flooded)) return 8;
  return pair.includes("cloud") ? 8 * 4.5 ** random.uniform() : narrowest * 20 ** random.uniform();
}
