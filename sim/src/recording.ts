/**
 * What happened in a run, for somebody who plays it back: who was up, which uplinks were open, and how much waited, whenever any of that changed.
 * Looking changes nothing of the run: it asks no port and draws no chance.
 */
import { laneName } from "@holon/core/log/log.ts";
import type { Fleet, Member } from "./fleet.ts";

/** Of a node at a moment: whether it is up, the state of its uplink (null at the root, or while it is down), and records that the root has not. */
export type Moment = readonly [up: boolean, uplink: string | null, waiting: number];

export type RecordedLine =
  | { readonly holon: "run"; readonly version: 1; readonly scenario: string; readonly seed: number; readonly nodes: readonly { readonly name: string; readonly site: string; readonly tier: string; readonly parent: string | null }[] }
  | { readonly atMs: number; readonly nodes: Readonly<Record<string, Moment>> }
  | { readonly atMs: number; readonly healed: true }
  | { readonly atMs: number; readonly ended: { readonly acknowledged: number; readonly delivered: number; readonly convergedMs: number | null; readonly violations: readonly string[] } };

export interface Recording {
  begin(scenario: string, seed: number): void;
  /** Looks, if it is time to. */
  see(): void;
  healed(): void;
}

/** Of virtual time: finer than an outage, coarser than a frame. */
const everyMs = 250;

export function recordRun(fleet: Fleet, tell: (line: RecordedLine) => void): Recording {
  const last = new Map<string, string>();
  let nextMs = 0;

  function look(): void {
    const nodes: Record<string, Moment> = {};
    for (const member of fleet.members.values()) {
      const moment = momentOf(member, fleet);
      const text = JSON.stringify(moment);
      if (last.get(member.machine.name) === text) continue;
      last.set(member.machine.name, text);
      nodes[member.machine.name] = moment;
    }
    if (Object.keys(nodes).length > 0) tell({ atMs: Math.round(fleet.world.nowMs), nodes });
  }

  return {
    begin(scenario, seed) {
      const nodes = [...fleet.members.values()].map(({ config, machine, parent }) => ({ name: machine.name, site: config.site, tier: config.tier, parent: parent ?? null }));
      tell({ holon: "run", version: 1, scenario, seed, nodes });
    },
    see() {
      if (fleet.world.nowMs < nextMs) return;
      nextMs = fleet.world.nowMs + everyMs;
      look();
    },
    healed() {
      look();
      tell({ atMs: Math.round(fleet.world.nowMs), healed: true });
    },
  };
}

function momentOf({ machine, parent }: Member, fleet: Fleet): Moment {
  const { subject } = machine;
  if (subject === undefined) return [false, null, 0];
  return [true, parent === undefined ? null : (subject.status?.().uplink?.state ?? "unknown"), waitingOf(machine, fleet)];
}

/** Of its own lanes that leave it. */
function waitingOf(machine: Member["machine"], fleet: Fleet): number {
  const root = fleet.root.machine.subject;
  let waiting = 0;
  for (const [, { lane, mark }] of machine.subject?.log.heads() ?? []) {
    if (lane.origin !== machine.name || lane.stream === "local") continue;
    waiting += Math.max(0, mark.sequence - (root?.log.heads().get(laneName(lane))?.mark.sequence ?? 0));
  }
  return waiting;
}
