/**
 * A cut at every single call that changes the disk. The first world of a seed has no power cuts and records the calls of every node, from
 * its first boot on; each further world is the same one up to one of these calls, where one node loses power.
 */
import type { Fleet } from "../fleet.ts";
import type { Scenario, Variant } from "../scenario.ts";
import type { Happening } from "../trace-hash.ts";
import { buildChain, cutForAWhile, repeat, roundsMax } from "./faults.ts";

interface RecordedCall {
  readonly node: string;
  readonly index: number;
  readonly call: Happening;
}

const changing: ReadonlySet<Happening> = new Set<Happening>([
  "file.write", "file.sync", "file.truncate", "disk.makeFolder", "disk.open", "disk.rename", "disk.remove", "disk.syncFolder",
]);
const sampledCuts = 20;
const recordedCalls = new WeakMap<Fleet, RecordedCall[]>();

export const powerCutEverywhere: Scenario = {
  name: "power-cut-everywhere",
  about: "The power of one node goes before or after one call that changes its disk: any of 20, or every single one of the run.",
  pains: ["IoT Edge #706", "OTel #12711"],
  convergeMsMax: 120_000,
  roundsMax,
  // Long enough for the log to be looked over once, so that letting go is cut as well.
  safetyMs: () => 62_000,
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    buildChain(fleet, random, { gateways: 1, readingsPerSecond: 0.6, burstMax: 60 });
    const calls: RecordedCall[] = [];
    recordedCalls.set(fleet, calls);
    for (const { machine } of fleet.members.values()) {
      machine.identity.hooks = {
        beforeCall: (index, call) => {
          if (changing.has(call)) calls.push({ node: machine.name, index, call });
        },
      };
    }
  },
  plan: (fleet, untilMs, chance) => {
    for (const { machine, parent } of fleet.members.values()) {
      const cuts = chance.fork(`faults/${machine.name}/cuts`);
      if (parent !== undefined) repeat(fleet.world, cuts, 20_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
    }
  },
  variants: (first, exhaustive) => {
    const calls = recordedCalls.get(first) ?? [];
    if (exhaustive) return calls.flatMap((call) => [cutAt(call, "before"), cutAt(call, "after")]);
    const random = first.world.random.fork("cuts");
    const chosen = new Map<string, Variant>();
    for (let tries = 0; tries < sampledCuts; tries++) {
      const call = calls[random.integer(0, calls.length - 1)];
      if (call === undefined) break;
      const variant = cutAt(call, random.chance(0.5) ? "before" : "after");
      chosen.set(variant.name, variant);
    }
    return [...chosen.values()];
  },
};

const cutAt = ({ node, index, call }: RecordedCall, place: "before" | "after"): Variant => ({
  name: `cut ${place} call ${index} of ${node} (${call})`,
  arm: (fleet) => fleet.members.get(node)?.machine.crashAtCall(index, place, "power", 500),
});
