/**
 * A unit with state is moved to and fro between two nodes while its input goes on. The first world of a seed has no faults and records the port calls of both nodes, and of control, while a
 * move is under way; each further world is the same one up to one of these calls, before or after which a node loses power, or a link goes down.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { LogRecord } from "@holon/core/log/log.ts";
import { checkOnceEach, OnePlaceWatch, type Handled } from "../checkers/once-each.ts";
import type { Fleet } from "../fleet.ts";
import { controlOf, movedUnit, movingApp, movingProgram } from "../programs/moving.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario } from "../scenario.ts";
import { faultsAt, recordCalls, type RecordedCall } from "./move-faults.ts";
import { countOf, deployUntilTaken, machineOf, runningOn } from "./one-unit.ts";

const homes = ["edge-1", "edge-2"] as const;
const actors = ["edge-1", "edge-2", "cloud"] as const;
const gateway = "gateway-1";
/** Where each home stands: so the place of the unit follows from what it needs. */
const jurisdictions: Readonly<Record<(typeof homes)[number], string>> = { "edge-1": "EU/DE", "edge-2": "EU/FR" };
const firstHomeMs = 1_500;
const firstMoveMs = 6_000;
const betweenMovesMs = 9_000;
const moves = 3;
/** To look at all nodes after everything that happens would take most of the run. */
const lookMs = 20;

const recorded = new WeakMap<Fleet, readonly RecordedCall[]>();
const needs = (home: (typeof homes)[number]): object => ({ sources: [{ site: "plant" }], tiers: ["edge"], jurisdictions: [jurisdictions[home]] });

export const handOff: Scenario = {
  name: "hand-off",
  about: "A unit with state moves to and fro while power or a link fails before or after any port call of a move: nothing is handled twice, skipped or forgotten, and it never runs in two places.",
  convergeMsMax: 400_000,
  safetyMs: () => firstMoveMs + moves * betweenMovesMs,
  program: (program) => movingProgram(program),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const inventory = { processors: 4, memoryBytes: 4e9, diskBytes: 1e10 };
    fleet.add({ name: "cloud", tier: "cloud", inventory });
    fleet.add({ name: "edge-2", tier: "edge", parent: "cloud", site: "region", jurisdiction: jurisdictions["edge-2"], inventory });
    fleet.add({ name: "edge-1", tier: "edge", parent: "edge-2", site: "north", jurisdiction: jurisdictions["edge-1"], inventory });
    fleet.add({ name: gateway, tier: "gateway", parent: "edge-1", site: "plant", inventory, devices: { readingsPerSecond: random.between(1, 4), burstChance: 0.05, burstMax: 12, markerEvery: 7 } });
    recorded.set(fleet, recordCalls(fleet, actors, () => isMoving(fleet)));
  },
  plan(fleet) {
    const { world } = fleet;
    const startMs = world.nowMs;
    world.at(startMs + firstHomeMs, () => deployUntilTaken(fleet, movingApp(needs(homes[0]))));
    for (let move = 0; move < moves; move++) {
      const home = homes[(move + 1) % homes.length] ?? "edge-1";
      world.at(startMs + firstMoveMs + move * betweenMovesMs, () => deployUntilTaken(fleet, movingApp(needs(home))));
    }
  },
  variants: (first, exhaustive) => faultsAt(recorded.get(first) ?? [], [["edge-1", "edge-2"], ["edge-2", "cloud"]], first, exhaustive),
  watch(fleet) {
    const places = new OnePlaceWatch();
    let seenMs = Number.NEGATIVE_INFINITY;
    return {
      see() {
        if (fleet.world.nowMs - seenMs < lookMs) return;
        seenMs = fleet.world.nowMs;
        places.see(seenMs, homesOf(fleet));
      },
      hasConverged: () => {
        const control = controlOf(fleet.root.machine.subject);
        return control !== undefined && control.moves().length === 0 && homesOf(fleet).length === 1 && [...fleet.members.values()].every(({ machine }) => machine.subject?.status?.().agent.moving?.length === 0);
      },
      violations: () => places.violations,
    };
  },
  async check(fleet) {
    const inputs = (await fleet.world.drive(told(fleet, gateway, "sim.seen"))).map(({ record }) => printRecordName(record));
    const handled: Handled[] = [];
    for (const node of actors) {
      for (const { event } of await fleet.world.drive(told(fleet, node, "sim.sum"))) handled.push({ cause: event.causedby ?? "", count: countOf(event.data), node });
    }
    const nothing = inputs.length === 0 ? ["the run proves nothing: the unit had no input"] : [];
    return [...nothing, ...checkOnceEach(inputs, handled)];
  },
  findings: (fleet) => ({ violations: [], figures: { callsWhileMoving: recorded.get(fleet)?.length ?? 0 } }),
};

/** More than an empty list stands in the cell. */
const isMoving = (fleet: Fleet): boolean => (fleet.root.machine.subject?.log.cell("plan/moving")?.length ?? 0) > "[]".length;

const homesOf = (fleet: Fleet): readonly string[] => runningOn(fleet, actors, movedUnit);

/** Of one type in the node's `data`, as the root has them. */
async function told(fleet: Fleet, node: string, type: string): Promise<readonly { readonly record: LogRecord; readonly event: ReturnType<typeof parseStoredEvent> }[]> {
  const root = fleet.root.machine.subject;
  if (root === undefined) return [];
  const records = await readLane(root, { origin: machineOf(fleet, node).name, stream: "data" });
  return records.map((record) => ({ record, event: parseStoredEvent(record.bytes, printRecordName(record)) })).filter(({ event }) => event.type === type);
}
