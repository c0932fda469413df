/** Somebody else fills the disk, again and again, and gives the room back; links are down for long, so that there is something to let go of. */
import { assert } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Fleet, Machine } from "../fleet.ts";
import { dataOf } from "../lane-ledger.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { cutForAWhile, repeat } from "./faults.ts";

const roomyBytes = 32 * 2 ** 30;
/** What waited for room is on the disk so long after there is some. */
const settleMs = 1_000;
/** Times at which a log was seen to say that its disk is full. */
const seenFull = new WeakMap<Fleet, { times: number }>();

export const diskFull: Scenario = {
  name: "disk-full",
  about: "Disks run full, which they say at a write or only at its sync, and have room again, also over a reboot, with a policy that lets go of little-wanted records; alarms and audit stay.",
  pains: ["OTel #8115", "EdgeX compose #175"],
  convergeMsMax: 300_000,
  safetyMs: (world) => world.random.fork("safety").integer(130_000, 260_000),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const retention = { segmentBytesMax: 16 << 10, streams: { local: { maxBytes: 32 << 10 }, data: { maxBytes: random.integer(2, 16) << 10 } } };
    fleet.add({ name: "cloud", tier: "cloud" });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", retention });
    for (let index = random.integer(1, 2); index > 0; index--) {
      const devices = { readingsPerSecond: random.between(1, 4), burstChance: 0.1, burstMax: random.integer(2, 60), markerEvery: 5 };
      fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices, retention });
    }
  },
  plan: (fleet, untilMs) => {
    const seen = { times: 0 };
    seenFull.set(fleet, seen);
    // Where chance was kind to every disk, none is spared at last: a log that opens wants room at once.
    fleet.world.at(untilMs - 45_000, () => {
      if (seen.times > 0) return;
      for (const { machine, parent } of fleet.members.values()) {
        if (parent === undefined) continue;
        fillForAWhile(fleet, machine, fleet.world.random.fork(`last/${machine.name}`), untilMs, 0);
        machine.crash("process", 300);
      }
    });
    for (const { machine, parent } of fleet.members.values()) {
      const random = fleet.world.random.fork(`faults/${machine.name}`);
      const fills = random.fork("fills");
      if (parent === undefined) continue;
      repeat(fleet.world, fills, 40_000, untilMs, () => fillForAWhile(fleet, machine, fills, untilMs));
      const cuts = random.fork("cuts");
      repeat(fleet.world, cuts, 15_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
      const long = random.fork("long");
      fleet.world.after(long.between(1_000, 20_000), () => fleet.net.isolate(machine.name));
    }
  },
  watch: (fleet) => {
    let fullMs = -Infinity;
    return {
      see: () => void (fleet.honest.some(({ machine: { subject } }) => subject?.isDiskFull?.() === true) && (fullMs = fleet.world.nowMs)),
      hasConverged: () => fleet.world.nowMs - fullMs > settleMs,
      violations: () => [],
    };
  },
  check: async (fleet) => [...(seenFull.get(fleet)?.times === 0 ? ["no disk was ever full: the run proves nothing"] : []), ...(await untoldExpiries(fleet))],
};

/** What a node let go of stands in its audit stream. That is at the root, but for what was let go of while the checkers ran. */
async function untoldExpiries(fleet: Fleet): Promise<readonly string[]> {
  const root = fleet.root.machine.subject;
  assert(root !== undefined, "the root is up when the checkers run");
  const untold: string[] = [];
  for (const { machine } of fleet.honest) {
    const { subject } = machine;
    assert(subject !== undefined, `${machine.name} is up when the checkers run`);
    const through = new Map<string, number>();
    const audit = { origin: subject.log.origin, stream: "audit" } as const;
    for (const { bytes } of [...(await fleet.read(root, audit)), ...(await fleet.read(subject, audit))]) {
      const data = dataOf(bytes);
      if (typeof data === "object" && data !== null && "through" in data && "lane" in data) through.set(String(data.lane), Math.max(Number(data.through), through.get(String(data.lane)) ?? 0));
    }
    for (const [name, { lane }] of subject.log.heads()) {
      if (lane.origin !== subject.log.origin) continue; // of a child's lane the child may have told
      const gone = (await fleet.missing(machine, lane)).filter(({ reason, last }) => reason === "expired" && last > (through.get(name) ?? 0));
      for (const { first, last } of gone) untold.push(`${machine.name}: ${first} to ${last} of ${name} were let go of, and no record of the audit stream says so`);
    }
  }
  return untold;
}

function fillForAWhile(fleet: Fleet, machine: Machine, random: SeededRandom, untilMs: number, spareBytesMax = 24 << 10): void {
  const { world } = fleet;
  // The reserve counts as room: what is given up of it is filled as well.
  machine.medium.capacityBytes = Math.max(0, machine.medium.usedBytes - limits.reserveBytes + random.integer(0, spareBytesMax));
  machine.medium.faults.roomAtSync = random.fork(`late/${world.nowMs}`).chance(0.5);
  const endMs = Math.min(untilMs, world.nowMs + random.between(2_000, 40_000));
  if (random.chance(0.3)) world.at(Math.min(untilMs, world.nowMs + random.between(500, 5_000)), () => machine.crash(random.chance(0.5) ? "power" : "process", 300));
  const strikes = random.fork(`strikes/${world.nowMs}`).chance(0.5);
  let isFull = false;
  for (let atMs = world.nowMs; atMs < endMs; atMs += 100) {
    world.at(atMs, () => {
      const wasFull = isFull;
      isFull = look(fleet, machine);
      // What is taken after something was refused is the likeliest to be forgotten: the process dies just then.
      if (strikes && wasFull && !isFull && machine.subject !== undefined) machine.crash("process", 300);
    });
  }
  world.at(endMs, () => {
    machine.medium.capacityBytes = roomyBytes;
    machine.medium.faults.roomAtSync = false;
  });
}

function look(fleet: Fleet, machine: Machine): boolean {
  const found = seenFull.get(fleet);
  const isFull = machine.subject?.isDiskFull?.() === true;
  if (found !== undefined && isFull) found.times += 1;
  return isFull;
}
