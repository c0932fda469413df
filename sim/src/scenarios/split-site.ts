import { limits } from "@holon/core/limits.ts";
import { laneName } from "@holon/core/log/log.ts";
import { agree, LeadWatch } from "../checkers/one-lead.ts";
import type { Fleet, Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { crashSomehow, repeat, roundsMax } from "./faults.ts";

/** Means of the times between faults, milliseconds. */
const betweenSplitsMs = 9_000;
const betweenPairCutsMs = 7_000;
const betweenUplinkCutsMs = 15_000;
const betweenCrashesMs = 25_000;
const betweenCoupsMs = 30_000;
const betweenFallsMs = 20_000;
const edge = "edge-1";

/** With all well again, every member knows the same lead within this: silence found, links made, promises over, two elections. */
const leadMsMax = 60_000;

const gatewaysOf = (fleet: Fleet): readonly Machine[] => [...fleet.members.values()].filter(({ config }) => config.tier === "gateway").map(({ machine }) => machine);

/** Three to five gateways of one site -> edge -> cloud. The site splits in every manner; uplinks are cut; members and the edge restart; clocks drift to the bound. */
export const splitSite: Scenario = {
  name: "split-site",
  about: "A site of three to five gateways splits, loses uplinks and members, and its parent fails; it never has two leads, siblings relay, and no lane gets a second history.",
  convergeMsMax: 300_000,
  roundsMax,
  safetyMs: (world) => world.random.fork("safety").integer(60_000, 150_000),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const driftPpm = (): number => (random.chance(0.3) ? random.pick([-limits.siteDriftPpmMax, limits.siteDriftPpmMax]) : random.between(-limits.siteDriftPpmMax, limits.siteDriftPpmMax));
    fleet.add({ name: "cloud", tier: "cloud", driftPpm: driftPpm() });
    fleet.add({ name: edge, tier: "edge", parent: "cloud", driftPpm: driftPpm() });
    const names = Array.from({ length: random.integer(3, 5) }, (_, index) => `gateway-${index + 1}`);
    for (const name of names) {
      const devices = { readingsPerSecond: random.between(1, 6), burstChance: 0.02, burstMax: random.integer(2, 40), markerEvery: random.integer(1, 20) };
      fleet.add({ name, tier: "gateway", parent: edge, devices, driftPpm: driftPpm(), siblings: names.filter((sibling) => sibling !== name) });
    }
  },
  plan: (fleet, untilMs, chance) => {
    const { world } = fleet;
    const gateways = gatewaysOf(fleet);
    const splits = chance.fork("faults/splits");
    repeat(world, splits, betweenSplitsMs, untilMs, () => splitForAWhile(fleet, splits, gateways, untilMs));
    const pairs = chance.fork("faults/pairs");
    repeat(world, pairs, betweenPairCutsMs, untilMs, () => cutPairForAWhile(fleet, pairs, gateways, untilMs));
    const coups = chance.fork("faults/coups");
    repeat(world, coups, betweenCoupsMs, untilMs, () => restartVoters(fleet, coups, gateways, untilMs));
    const above = fleet.members.get(edge)?.machine;
    const falls = chance.fork(`faults/${edge}`);
    if (above !== undefined) repeat(world, falls, betweenFallsMs, untilMs, () => above.crash(falls.chance(0.5) ? "power" : "process", 100 + falls.exponential(limits.relayAfterMs)));
    for (const machine of gateways) {
      const random = chance.fork(`faults/${machine.name}`);
      const uplinks = random.fork("uplinks");
      repeat(world, uplinks, betweenUplinkCutsMs, untilMs, () => cutUplinkForAWhile(fleet, uplinks, machine, untilMs));
      const crashes = random.fork("crashes");
      repeat(world, crashes, betweenCrashesMs, untilMs, () => crashSomehow(machine, crashes));
    }
  },
  check: (fleet) => Promise.resolve(branchesIn(fleet)),
  watch(fleet) {
    const watch = new LeadWatch();
    let healedMs: number | undefined;
    let agreedMs: number | undefined;
    return {
      see: () => watch.see(fleet.world.nowMs, gatewaysOf(fleet).map(({ name, subject }) => ({ node: name, term: subject?.leads?.() }))),
      hasConverged() {
        healedMs ??= fleet.world.nowMs;
        if (agree(gatewaysOf(fleet).map(({ subject }) => subject?.leadKnown?.()))) agreedMs ??= fleet.world.nowMs;
        return agreedMs !== undefined;
      },
      violations() {
        const tookMs = (agreedMs ?? fleet.world.nowMs) - (healedMs ?? 0);
        const late = agreedMs === undefined || tookMs > leadMsMax ? [`no lead that all members know within ${leadMsMax} ms of healing: ${agreedMs === undefined ? "none came" : `it took ${Math.round(tookMs)} ms`}`] : [];
        return [...watch.violations, ...late];
      },
    };
  },
};

/** Nobody was copied or put back: whatever way a record came, it is of the one history that its lane has. */
const branchesIn = (fleet: Fleet): readonly string[] =>
  [...fleet.members.values()].flatMap(({ machine }) => [...(machine.subject?.log.heads().values() ?? [])].flatMap(({ lane }) => (lane.branch === undefined ? [] : [`${machine.name} holds ${laneName(lane)}, and there is one history of it`])));

/** Parts the site in two, both ways or one way, with all paths between the parts. */
function splitForAWhile({ net, world }: Fleet, random: SeededRandom, gateways: readonly Machine[], untilMs: number): void {
  const left = gateways.filter(() => random.chance(0.5));
  const right = gateways.filter((machine) => !left.includes(machine));
  const manner = random.uniform();
  const reset = random.chance(0.4);
  const pairs = left.flatMap((one) => right.map((two) => [one.name, two.name] as const));
  for (const [one, two] of pairs) {
    if (manner < 0.6) net.cut(one, two, { reset });
    else if (manner < 0.8) net.cutOneWay(one, two);
    else net.cutOneWay(two, one);
  }
  healLater(world, random, untilMs, () => {
    for (const [one, two] of pairs) net.heal(one, two);
  });
}

/** Two members lose each other while others still reach both: no clean split. */
function cutPairForAWhile({ net, world }: Fleet, random: SeededRandom, gateways: readonly Machine[], untilMs: number): void {
  const one = gateways[random.integer(0, gateways.length - 1)]?.name;
  const two = gateways[random.integer(0, gateways.length - 1)]?.name;
  if (one === undefined || two === undefined || one === two) return;
  if (random.chance(0.5)) net.cut(one, two, { reset: random.chance(0.4) });
  else net.cutOneWay(one, two);
  healLater(world, random, untilMs, () => net.heal(one, two));
}

/**
 * The hardest case for promises: one member no longer hears the lead and wants to be elected, while the voters that renew the
 * lead's lease restart and remember nothing but their disks.
 */
function restartVoters({ net, world }: Fleet, random: SeededRandom, gateways: readonly Machine[], untilMs: number): void {
  const lead = gateways.find(({ subject }) => subject?.leads?.() !== undefined);
  const others = gateways.filter((machine) => machine !== lead);
  const rival = others[random.integer(0, others.length - 1)];
  if (lead === undefined || rival === undefined) return;
  net.cut(lead.name, rival.name, { reset: true });
  const restartMs = world.nowMs + limits.sitePromiseMs + random.between(0, limits.siteElectionJitterMs);
  const healMs = Math.min(untilMs, restartMs + limits.sitePromiseMs);
  if (restartMs < healMs) {
    world.at(restartMs, () => {
      for (const voter of others) {
        if (voter === rival) continue;
        voter.crash("power", random.between(10, 300));
        net.cut(lead.name, voter.name);
      }
    });
  }
  world.at(healMs, () => {
    for (const { name } of others) net.heal(lead.name, name);
  });
}

function cutUplinkForAWhile({ net, world }: Fleet, random: SeededRandom, { name }: Machine, untilMs: number): void {
  if (random.chance(0.8)) net.cut(name, edge, { reset: random.chance(0.6) });
  else if (random.chance(0.5)) net.cutOneWay(name, edge);
  else net.isolate(name);
  healLater(world, random, untilMs, () => {
    net.heal(name, edge);
    net.rejoin(name);
  });
}

/** Mostly longer than a lease and a relay's patience, often shorter. */
function healLater(world: Fleet["world"], random: SeededRandom, untilMs: number, heal: () => void): void {
  world.at(Math.min(untilMs, world.nowMs + random.exponential(random.chance(0.6) ? 20_000 : 3_000)), heal);
}
