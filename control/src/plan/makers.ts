/**
 * On which nodes an app makes what a placed function is handed, whatever is placed: what runs on every node of a tier, doors and reductions make it there. Where nothing of the app does, nodes from which something
 * was handed in the last week are seen to. Events go up, so that a place that is not above all of them is handed a part.
 */
import { limits } from "@holon/core/limits.ts";
import { isFor, leavesNode } from "@holon/core/placement/needs-of-app.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { UnitNeeds } from "@holon/core/schema/needs.ts";
import type { Tier } from "@holon/core/schema/tier.ts";
import type { ControlState } from "../store/fold.ts";

type Makers = NonNullable<UnitNeeds["makers"]>;

/** Who names its sources is handed what comes from there, and stands above all of them by that; what is raw or personal is handled where it is born. */
export function withMakers(unit: UnitNeeds, document: AppDocument | undefined, { nodes, revoked, origins, policy }: Pick<ControlState, "nodes" | "revoked" | "origins" | "policy">): UnitNeeds {
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (document === undefined || fn === undefined || !("type" in fn.on) || fn.needs?.sources !== undefined || unit.classes.some((name) => name === "raw" || name === "personal")) return unit;
  const tiers = tiersMaking(document, fn, policy !== undefined);
  // What placed functions make for it are flows, which go where they go.
  const isOwn = tiers.size > 0 || document.functions.some((from) => from !== fn && Object.keys(from.emits).some((type) => isFor(fn, type)));
  const seen = isOwn ? undefined : origins.get(`${document.name}/${unit.name}`);
  const makers = [...nodes.values()].flatMap(({ name, tier }): Makers => {
    const leaves = tiers.get(tier);
    if (revoked.has(name) || (leaves === undefined && seen?.has(name) !== true)) return [];
    return [leaves === true || seen?.has(name) === true ? { node: name } : { node: name, here: true }];
  });
  return makers.length === 0 ? unit : { ...unit, makers: few(makers.sort((a, b) => (a.node < b.node ? -1 : 1)), (node) => nodes.get(node)?.parent ?? undefined) };
}

/** Tiers on every node of which it is made, and whether it leaves that node. */
function tiersMaking({ functions, sources, reductions = [], egress }: AppDocument, to: FunctionDocument, hasPolicy: boolean): ReadonlyMap<Tier, boolean> {
  const tiers = new Map<Tier, boolean>();
  const made = (tier: Tier, type: string, target: Parameters<typeof leavesNode>[1]): void => {
    if (isFor(to, type)) tiers.set(tier, (tiers.get(tier) ?? true) && (hasPolicy ? target.stream !== "local" : leavesNode(egress, target)));
  };
  for (const from of functions) if (from !== to && from.needs === undefined) for (const [type, target] of Object.entries(from.emits)) made(from.run?.tier ?? "gateway", type, target);
  for (const { type, class: own, stream = "local" } of sources) made("gateway", type, { stream, class: own });
  for (const reduction of reductions) if ("emits" in reduction) made("gateway", reduction.emits, { stream: egress.length === 0 ? "local" : reduction.stream, class: "public" });
  return tiers;
}

/**
 * Of more than a plan looks at, some that are under the same nodes: first two of each parent, then two of each node above that, from under different ones, until they are few. A place that is not above all of them
 * misses one that is left, whichever it is.
 */
function few(makers: Makers, parentOf: (node: string) => string | undefined): Makers {
  let left = makers.map((maker) => ({ maker, below: maker.node, above: parentOf(maker.node) ?? "" }));
  for (let height = 0; left.length > limits.makersMax && height < limits.makersMax; height++) {
    const kept = new Map<string, typeof left>();
    for (const one of left) {
      const rows = kept.get(one.above) ?? [];
      if (rows.length < 2 && rows.every(({ below }) => below !== one.below)) kept.set(one.above, [...rows, one]);
    }
    left = [...kept.values()].flat().map((one) => ({ ...one, below: one.above, above: parentOf(one.above) ?? "" }));
  }
  return left.slice(0, limits.makersMax).map(({ maker }) => maker);
}
