/** Port calls that were made while a unit was on its way, and what may happen at each: a node loses power before or after it, or a link goes down. */
import type { Fleet } from "../fleet.ts";
import type { Variant } from "../scenario.ts";
import { machineOf } from "./one-unit.ts";

export interface RecordedCall {
  readonly node: string;
  readonly index: number;
}

const downMs = 500;
const cutMs = 4_000;
const sampledFaults = 12;

/** Keeps the calls that these make while it is so. */
export function recordCalls(fleet: Fleet, actors: readonly string[], isMoving: () => boolean): readonly RecordedCall[] {
  const calls: RecordedCall[] = [];
  for (const node of actors) machineOf(fleet, node).identity.hooks = { beforeCall: (index) => void (isMoving() && calls.push({ node, index })) };
  return calls;
}

/** All of it at all of them, or some by chance. */
export function faultsAt(calls: readonly RecordedCall[], links: readonly (readonly [string, string])[], first: Fleet, exhaustive: boolean): readonly Variant[] {
  const all = (call: RecordedCall): readonly [Variant, ...Variant[]] => [crash(call, "before"), crash(call, "after"), ...links.map(([below, above]) => cut(call, below, above))];
  if (exhaustive) return calls.flatMap(all);
  const random = first.world.random.fork("faults");
  const chosen = new Map<string, Variant>();
  for (let tries = 0; tries < sampledFaults; tries++) {
    const call = calls[random.integer(0, calls.length - 1)];
    if (call === undefined) break;
    const variant = random.pick(all(call));
    chosen.set(variant.name, variant);
  }
  return [...chosen.values()];
}

const crash = ({ node, index }: RecordedCall, place: "before" | "after"): Variant => ({
  name: `power of ${node} ${place} call ${index}`,
  arm: (fleet) => machineOf(fleet, node).crashAtCall(index, place, "power", downMs),
});

const cut = ({ node, index }: RecordedCall, below: string, above: string): Variant => ({
  name: `link ${below} ${above} at call ${index} of ${node}`,
  arm(fleet) {
    machineOf(fleet, node).identity.hooks = {
      beforeCall(current) {
        if (current !== index) return;
        machineOf(fleet, node).identity.hooks = {};
        fleet.net.cut(below, above, { reset: true });
        fleet.world.after(cutMs, () => fleet.net.heal(below, above));
      },
    };
  },
});
