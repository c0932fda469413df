/**
 * A unit with state is left to a site, and taken back from it, while it runs: between a node outside and the member that has it, and between control's word and the lead's. As in `hand-off`, the first
 * world of a seed has no faults, and each further one has one fault at one port call of those that were made meanwhile.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { checkCountedOn } from "../checkers/counted-on.ts";
import type { Beat } from "../checkers/kept-going.ts";
import { LeadWatch } from "../checkers/one-lead.ts";
import { OnePlaceWatch } from "../checkers/once-each.ts";
import type { Fleet } from "../fleet.ts";
import { islandApp, islandProgram, islandUnit } from "../programs/island.ts";
import { controlOf } from "../programs/moving.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario } from "../scenario.ts";
import { faultsAt, recordCalls, type RecordedCall } from "./move-faults.ts";
import { countOf, deployUntilTaken, machineOf, runningOn } from "./one-unit.ts";

const members = ["gateway-1", "gateway-2", "gateway-3"] as const;
const edge = "edge-1";
const actors = ["cloud", edge, ...members] as const;
const outside = { tiers: ["edge"], onIsolation: "stop" };
const left = { tiers: ["gateway"], onIsolation: "stop", delegated: true };
/** To the site, to the edge, to the site again, and back. */
const wants = [outside, left, outside, left, outside] as const;
const firstMs = 8_000;
const betweenMs = 25_000;
const lookMs = 20;

const recorded = new WeakMap<Fleet, readonly RecordedCall[]>();

export const siteHandOff: Scenario = {
  name: "site-hand-off",
  about: "A unit with state is left to a site and taken back while power or a link fails before or after any port call meanwhile: it counts on from what it held, and never runs in two places.",
  convergeMsMax: 600_000,
  withoutReadings: true,
  safetyMs: () => firstMs + wants.length * betweenMs,
  program: islandProgram,
  build(fleet) {
    const inventory = { processors: 4, memoryBytes: 4e9, diskBytes: 1e10 };
    fleet.add({ name: "cloud", tier: "cloud", inventory });
    fleet.add({ name: edge, tier: "edge", parent: "cloud", site: "north", inventory });
    for (const name of members) fleet.add({ name, tier: "gateway", parent: "cloud", site: "plant", inventory, siblings: members.filter((sibling) => sibling !== name) });
    recorded.set(fleet, recordCalls(fleet, actors, () => isUnderWay(fleet)));
  },
  plan(fleet) {
    const startMs = fleet.world.nowMs;
    for (const [place, needs] of wants.entries()) fleet.world.at(startMs + firstMs + place * betweenMs, () => deployUntilTaken(fleet, islandApp(needs)));
  },
  variants: (first, exhaustive) => faultsAt(recorded.get(first) ?? [], [[edge, "cloud"], ["gateway-1", "cloud"], ["gateway-1", "gateway-2"]], first, exhaustive),
  watch(fleet) {
    const places = new OnePlaceWatch();
    const leads = new LeadWatch();
    let seenMs = Number.NEGATIVE_INFINITY;
    return {
      see() {
        if (fleet.world.nowMs - seenMs < lookMs) return;
        seenMs = fleet.world.nowMs;
        places.see(seenMs, placesOf(fleet));
        leads.see(seenMs, members.map((node) => ({ node, term: machineOf(fleet, node).subject?.leads?.() })));
      },
      hasConverged: () => placesOf(fleet).join() === edge && !isUnderWay(fleet) && controlOf(fleet.root.machine.subject)?.apps().some(({ document }) => document.functions.some(({ needs }) => needs?.tiers?.[0] === "edge")) === true,
      violations: () => [...places.violations, ...leads.violations],
    };
  },
  async check(fleet) {
    const root = fleet.root.machine.subject;
    const beats: Beat[] = [];
    for (const node of root === undefined ? [] : [edge, ...members]) {
      for (const record of await fleet.world.drive(readLane(root as NonNullable<typeof root>, { origin: machineOf(fleet, node).name, stream: "data" }))) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === "sim.beat") beats.push({ node, count: countOf(event.data), atMs: Date.parse(event.recordedtime) });
      }
    }
    const inSite = beats.some(({ node }) => node !== edge);
    return [...(inSite ? [] : ["the run proves nothing: the unit never ran in the site"]), ...checkCountedOn(beats)];
  },
  findings: (fleet) => ({ violations: [], figures: { callsWhileMoving: recorded.get(fleet)?.length ?? 0 } }),
};

const isListed = (fleet: Fleet, cell: string): boolean => (fleet.root.machine.subject?.log.cell(cell)?.length ?? 0) > "[]".length;
/** By the plan's cells, or since control's wish and the documents of the members are not the same yet. */
const isUnderWay = (fleet: Fleet): boolean => isListed(fleet, "plan/moving") || isListed(fleet, "plan/leaving") || isListed(fleet, "plan/holders") || placesOf(fleet).length !== 1;
const placesOf = (fleet: Fleet): readonly string[] => runningOn(fleet, actors, islandUnit);
