/**
 * On which nodes an app makes what a placed function is handed, whatever is placed: what runs on every node of a tier, doors and reductions make it there, and nodes from which it was handed something are seen
 * to. Events go up, so that a place that is not above all of them is handed a part.
 */
import { limits } from "@holon/core/limits.ts";
import { isFor } from "@holon/core/placement/needs-of-app.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { UnitNeeds } from "@holon/core/schema/needs.ts";
import type { Tier } from "@holon/core/schema/tier.ts";
import type { ControlState } from "../store/fold.ts";
import type { Exchanged } from "./exchanged.ts";

type Makers = NonNullable<UnitNeeds["makers"]>;

/** Who names its sources is handed what comes from there, and stands above all of them by that; what is raw or personal is handled where it is born. */
export function withMakers(unit: UnitNeeds, document: AppDocument | undefined, { nodes, revoked }: Pick<ControlState, "nodes" | "revoked">, exchanged: Exchanged | undefined): UnitNeeds {
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (document === undefined || fn === undefined || !("type" in fn.on) || fn.needs?.sources !== undefined || unit.classes.some((name) => name === "raw" || name === "personal")) return unit;
  const tiers = tiersMaking(document, fn);
  const seen = exchanged?.from(unit.name);
  const makers = [...nodes.values()].flatMap(({ name, tier }): Makers => {
    const leaves = tiers.get(tier);
    if (revoked.has(name) || (leaves === undefined && seen?.has(name) !== true)) return [];
    return [leaves === true || seen?.has(name) === true ? { node: name } : { node: name, here: true }];
  });
  return makers.length === 0 ? unit : { ...unit, makers: evenly(makers.sort((a, b) => (a.node < b.node ? -1 : 1))) };
}

/** Tiers on every node of which it is made, and whether it leaves that node. */
function tiersMaking({ functions, sources, reductions = [] }: AppDocument, to: FunctionDocument): ReadonlyMap<Tier, boolean> {
  const tiers = new Map<Tier, boolean>();
  const made = (tier: Tier, type: string, stream: string): void => {
    if (isFor(to, type)) tiers.set(tier, (tiers.get(tier) ?? false) || stream !== "local");
  };
  for (const from of functions) if (from !== to && from.needs === undefined) for (const [type, { stream }] of Object.entries(from.emits)) made(from.run?.tier ?? "gateway", type, stream);
  for (const { type, stream = "local" } of sources) made("gateway", type, stream);
  for (const reduction of reductions) if ("emits" in reduction) made("gateway", reduction.emits, reduction.stream);
  return tiers;
}

/** Of more than a plan looks at, as many that lie far apart in the order of their names. */
const evenly = (makers: Makers): Makers => (makers.length <= limits.makersMax ? makers : Array.from({ length: limits.makersMax }, (_, index) => makers[Math.floor((index * makers.length) / limits.makersMax)] ?? { node: "" }));
