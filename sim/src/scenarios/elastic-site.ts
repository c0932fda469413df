/**
 * A site of three gateways, two of which get more events for an elastic function than one of them gets through: siblings do part of it. Meanwhile any of them loses power, the site splits, and the
 * uplinks are cut, so that control is not there to ask. Each event is done exactly once, in order; and when little waits, each works alone again.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { checkEachInOrder, type Done, type Given } from "../checkers/each-in-order.ts";
import { elasticProgram, elasticUnit } from "../programs/elastic.ts";
import type { Fleet, Machine } from "../fleet.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario } from "../scenario.ts";
import { crashSomehow, repeat } from "./faults.ts";

const members = ["gateway-1", "gateway-2", "gateway-3"] as const;
const safetyMs = 120_000;
const betweenCrashesMs = 30_000;
const betweenSplitsMs = 20_000;
const lookMs = 500;

/** Events that siblings were seen to have done, by whom for whom; of a sibling that restarts the count begins anew, so the most that was seen counts. */
const helpedBy = new WeakMap<Fleet, Map<string, number>>();

export const elasticSite: Scenario = {
  name: "elastic-site",
  about: "A site of three gateways, two of them with more work than they get through: siblings help, members die, the site splits, control is away; each event is done once, in order.",
  convergeMsMax: 900_000,
  withoutReadings: true,
  safetyMs: () => safetyMs,
  program: elasticProgram({ withinMs: 1_000 }),
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud" });
    for (const name of members) fleet.add({ name, tier: "gateway", parent: "cloud", site: "plant", driftPpm: random.between(-100, 100), inventory: { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 }, siblings: members.filter((sibling) => sibling !== name) });
    helpedBy.set(fleet, new Map());
  },
  plan: (fleet, untilMs) => whenReady(fleet, untilMs, () => planFaults(fleet, untilMs)),
  watch(fleet) {
    let lookedMs = Number.NEGATIVE_INFINITY;
    return {
      see() {
        if (fleet.world.nowMs - lookedMs < lookMs) return;
        lookedMs = fleet.world.nowMs;
        const helped = helpedBy.get(fleet);
        for (const name of members) {
          for (const row of machineOf(fleet, name)?.subject?.status?.().helped ?? []) {
            const key = `${name} for ${row.for}`;
            helped?.set(key, Math.max(helped.get(key) ?? 0, row.events));
          }
        }
      },
      hasConverged: () => members.every((name) => {
        const unit = machineOf(fleet, name)?.subject?.status?.().agent.units.find(({ app, name: fn }) => `${app}/${fn}` === elasticUnit);
        return unit !== undefined && unit.lag === 0 && unit.elastic?.siblings === 0;
      }),
      violations: () => [],
    };
  },
  findings(fleet) {
    const events = [...(helpedBy.get(fleet)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
    return { violations: [], figures: { helped: events } };
  },
  async check(fleet) {
    const root = fleet.root.machine.subject;
    if (root === undefined) return ["the root is down"];
    const violations: string[] = [];
    let all = 0;
    for (const node of members) {
      const origin = machineOf(fleet, node)?.name;
      if (origin === undefined) continue;
      const given: Given[] = [];
      const done: Done[] = [];
      for (const record of await fleet.world.drive(readLane(root, { origin, stream: "data" }))) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === "sim.work") given.push({ name: printRecordName(record), number: numberOf(event.data) });
        else if (event.type === "sim.done") done.push({ cause: event.causedby ?? "", number: numberOf(event.data) });
      }
      all += given.length;
      violations.push(...checkEachInOrder(node, given, done));
    }
    return all === 0 ? ["the run proves nothing: there was nothing to do"] : violations;
  },
};

const machineOf = (fleet: Fleet, name: string): Machine | undefined => fleet.members.get(name)?.machine;
const numberOf = (data: unknown): number => (typeof data === "object" && data !== null && "number" in data && typeof data.number === "number" ? data.number : Number.NaN);

/** Faults begin when every member has its document and the code. */
function whenReady(fleet: Fleet, untilMs: number, then: () => void): void {
  const isReady = members.every((name) => machineOf(fleet, name)?.subject?.status?.().agent.units.some(({ app, name: fn, state }) => `${app}/${fn}` === elasticUnit && state === "running") === true);
  if (isReady) then();
  else if (fleet.world.nowMs < untilMs) fleet.world.after(500, () => whenReady(fleet, untilMs, then));
}

function planFaults(fleet: Fleet, untilMs: number): void {
  const { world, net } = fleet;
  const random = world.random.fork("faults");
  // Some worlds are an island from the first event to the last.
  if (random.chance(0.5)) for (const name of members) net.cut(name, "cloud", { reset: random.chance(0.5) });
  const splits = random.fork("splits");
  repeat(world, splits, betweenSplitsMs, untilMs, () => {
    const apart = splits.pick(members);
    const manner = splits.uniform();
    for (const other of members) {
      if (other === apart) continue;
      if (manner < 0.6) net.cut(apart, other, { reset: splits.chance(0.5) });
      else net.cutOneWay(apart, other);
    }
    world.at(Math.min(untilMs, world.nowMs + splits.between(500, 15_000)), () => members.forEach((other) => other !== apart && net.heal(apart, other)));
  });
  for (const name of members) {
    const machine = machineOf(fleet, name);
    const crashes = random.fork(`crashes/${name}`);
    if (machine !== undefined) repeat(world, crashes, betweenCrashesMs, untilMs, () => crashSomehow(machine, crashes));
  }
}
