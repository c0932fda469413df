/**
 * A site of three is cut off and loses the node that runs a unit which control has left to the site. Its lead starts the unit on a sibling, which goes on from what it was given of it; when the node is
 * back the unit goes home. Meanwhile the site splits, members restart and clocks drift, by chance.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { checkKeptGoing, type Beat } from "../checkers/kept-going.ts";
import { LeadWatch } from "../checkers/one-lead.ts";
import { OnePlaceWatch } from "../checkers/once-each.ts";
import type { Fleet } from "../fleet.ts";
import { islandApp, islandProgram, islandUnit } from "../programs/island.ts";
import { controlOf } from "../programs/moving.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario } from "../scenario.ts";
import { countOf, machineOf, runningOn } from "./one-unit.ts";

const members = ["gateway-1", "gateway-2", "gateway-3"] as const;
const deployMs = 20_000;
const cutMs = 70_000;
/** After the cut, the home loses power for so long: control's leases are over and the lead has decided within it. */
const downMs = 330_000;
/** The uplinks are back so long after the cut; from then on, but for a moment to settle, nothing moves, also not when control takes the nodes for present again. */
const islandMs = downMs + 60_000;
const settleMs = 60_000;
const lookMs = 40;
/** What siblings may lack: all since the last that was given, at the worst while a home that nobody reaches runs on under its lease. */
const lostMax = (limits.siteUnitLeaseMs + 2 * limits.siteSpareMs + limits.siteUnitAskMs) / 1_000;

interface Seen {
  home?: string;
  /** Nodes other than its home on which the unit ran while the home was down. */
  readonly stoodIn: Set<string>;
  /** When the uplinks were back. */
  backMs?: number;
  /** Where it ran when all had settled after that. */
  settled?: string;
  moved?: string;
}
const seenBy = new WeakMap<Fleet, Seen>();

export const islandLead: Scenario = {
  name: "island-lead",
  about: "A site that is cut off loses a node: its lead restarts the node's unit on a sibling from what that was given, hands it back, and the unit never runs in two places.",
  convergeMsMax: 900_000,
  withoutReadings: true,
  safetyMs: () => cutMs + islandMs + limits.nodeReturnMs + 120_000,
  program: islandProgram,
  build(fleet) {
    const random = fleet.world.random.fork("topology");
    const driftPpm = (): number => random.pick([-1, 0, 1]) * limits.siteDriftPpmMax;
    fleet.add({ name: "cloud", tier: "cloud", inventory: { processors: 4, memoryBytes: 4e9, diskBytes: 1e10 } });
    for (const name of members) fleet.add({ name, tier: "gateway", parent: "cloud", site: "plant", driftPpm: driftPpm(), inventory: { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 }, siblings: members.filter((sibling) => sibling !== name) });
    seenBy.set(fleet, { stoodIn: new Set() });
  },
  plan(fleet) {
    const { world, net } = fleet;
    const random = world.random.fork("faults");
    const startMs = world.nowMs;
    deployUntilThere(fleet, startMs + deployMs);
    world.at(startMs + cutMs, () => {
      for (const name of members) net.cut(name, "cloud", { reset: random.chance(0.5) });
    });
    world.at(startMs + cutMs + islandMs, () => {
      for (const name of members) net.heal(name, "cloud");
      const seen = seenBy.get(fleet);
      if (seen !== undefined) seen.backMs = world.nowMs;
    });
    world.at(startMs + cutMs + random.between(5_000, 100_000), () => {
      const home = placesOf(fleet)[0];
      const seen = seenBy.get(fleet);
      if (home === undefined || seen === undefined) return;
      seen.home = home;
      machineOf(fleet, home).crash("power", downMs - 110_000);
    });
    if (!random.chance(0.6)) return;
    // Beside that: a member is parted from the others for a while, or restarts.
    for (let time = 0; time < 3; time++) {
      world.at(startMs + cutMs + random.between(0, downMs), () => {
        const name = random.pick(members);
        if (random.chance(0.4)) return machineOf(fleet, name).crash("power", random.between(500, 5_000));
        for (const other of members) if (other !== name) net.cut(name, other, { reset: random.chance(0.5) });
        world.after(random.between(2_000, 45_000), () => {
          for (const other of members) if (other !== name) net.heal(name, other);
        });
      });
    }
  },
  watch(fleet) {
    const places = new OnePlaceWatch();
    const leads = new LeadWatch();
    let lookedMs = Number.NEGATIVE_INFINITY;
    return {
      see() {
        if (fleet.world.nowMs - lookedMs < lookMs) return;
        lookedMs = fleet.world.nowMs;
        const running = placesOf(fleet);
        places.see(lookedMs, running);
        leads.see(lookedMs, members.map((node) => ({ node, term: machineOf(fleet, node).subject?.leads?.() })));
        const seen = seenBy.get(fleet);
        if (seen?.home !== undefined && machineOf(fleet, seen.home).subject === undefined) for (const node of running) seen.stoodIn.add(node);
        const [at] = running;
        if (seen?.backMs === undefined || at === undefined || lookedMs < seen.backMs + settleMs) return;
        seen.settled ??= at;
        if (at !== seen.settled) seen.moved ??= `at ${Math.round(lookedMs)} ms the unit moved from ${seen.settled} to ${at}, and nothing had happened`;
      },
      hasConverged() {
        const control = controlOf(fleet.root.machine.subject);
        const running = placesOf(fleet);
        const rows = fleet.root.machine.subject === undefined ? undefined : members.map((name) => machineOf(fleet, name).subject?.status?.().delegated?.find(({ unit }) => unit === islandUnit)?.home);
        return control !== undefined && running.length === 1 && rows !== undefined && rows.every((home) => home === running[0]);
      },
      violations: () => [...places.violations, ...leads.violations],
    };
  },
  async check(fleet) {
    const root = fleet.root.machine.subject;
    const seen = seenBy.get(fleet);
    if (root === undefined || seen?.home === undefined) return ["the run proves nothing: the unit ran nowhere"];
    const beats: Beat[] = [];
    const overlays: string[] = [];
    for (const node of members) {
      const origin = machineOf(fleet, node).name;
      if (origin === undefined) continue;
      for (const record of await fleet.world.drive(readLane(root, { origin, stream: "data" }))) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === "sim.beat") beats.push({ node, count: countOf(event.data), atMs: Date.parse(event.recordedtime) });
      }
      for (const record of await fleet.world.drive(readLane(root, { origin, stream: "audit" }))) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === "holon.site.overlay") overlays.push(JSON.stringify(event.data));
      }
    }
    const control = controlOf(root);
    const told = control === undefined ? "" : (await fleet.world.drive(control.explain(islandUnit, seen.home))).text;
    return [
      ...checkKeptGoing(beats, lostMax),
      ...(seen.stoodIn.size > 0 && !/, which led site plant in term \d+ while control was not heard, ran it on /.test(told) ? [`an explanation does not tell what the lead decided: ${told}`] : []),
      ...(seen.moved === undefined ? [] : [seen.moved]),
      ...(seen.settled === seen.home ? [] : [`the unit is on ${seen.settled ?? "no node"} when all is well again, and was at home on ${seen.home}`]),
      ...(seen.stoodIn.size === 0 ? [`${seen.home} was away for ${(downMs - 110_000) / 1_000} s, and no sibling ran its unit`] : []),
      ...(seen.stoodIn.size > 0 && !overlays.some((text) => text.includes(`"home":"${seen.home ?? ""}"`)) ? ["a sibling ran it, and no lead has said so in the trail that is at the cloud"] : []),
    ];
  },
};

const placesOf = (fleet: Fleet): readonly string[] => runningOn(fleet, ["cloud", ...members], islandUnit);

/** Control first has to hear what the fleet is made of, and who the members are. */
function deployUntilThere(fleet: Fleet, atMs: number): void {
  fleet.world.at(atMs, () => {
    const control = controlOf(fleet.root.machine.subject);
    const isKnown = control?.nodes().filter(({ inventory }) => (inventory?.siblings?.length ?? 0) === members.length - 1).length === members.length;
    if (control === undefined || !isKnown) return deployUntilThere(fleet, fleet.world.nowMs + 1_000);
    control.deploy(islandApp({ tiers: ["gateway"], onIsolation: "stop", delegated: true })).catch(() => deployUntilThere(fleet, fleet.world.nowMs + 1_000));
  });
}
