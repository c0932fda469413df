/**
 * On which nodes what a placed function is handed is made, whatever is placed: what runs on every node of a tier, doors and reductions make it there, of any app. Where none does, nodes from which something was handed
 * in the last week are seen to. Events go up, as far as they are let, so that a place that is not above all of them is handed a part. Of a model: nodes on which it is asked.
 */
import { limits } from "@holon/core/limits.ts";
import { askersOf, isFor, tierOf } from "@holon/core/placement/needs-of-app.ts";
import { makersOf } from "@holon/core/policy/lowering.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { UnitNeeds } from "@holon/core/schema/needs.ts";
import type { Tier } from "@holon/core/schema/tier.ts";
import type { ControlState } from "../store/fold.ts";
import { parentIn, type Made, type Passes } from "./passes.ts";

type Makers = NonNullable<UnitNeeds["makers"]>;
type Known = Pick<ControlState, "nodes" | "revoked" | "origins">;

export interface MakersFacts {
  readonly document: AppDocument | undefined;
  /** The apps as they would be. */
  readonly documents: readonly AppDocument[];
  readonly state: Known;
  readonly passes: Passes;
}

/** What is raw or personal is handled where it is born; who names sources is handed what is made there, and nothing else. */
export function withMakers(unit: UnitNeeds, { document, documents, state, passes }: MakersFacts): UnitNeeds {
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (document === undefined) return unit;
  if (fn === undefined) return withMany(unit, askingNodes(unit, document, state), state);
  if (!("type" in fn.on) || unit.classes.some((name) => name === "raw" || name === "personal")) return unit;
  const tiers = madeOn(documents, document, fn);
  // What placed functions make for it are flows, which go where they go.
  const isOwn = tiers.size > 0 || document.functions.some((from) => from !== fn && Object.keys(from.emits).some((type) => isFor(fn, type)));
  const seen = isOwn ? undefined : state.origins.get(`${document.name}/${unit.name}`);
  const sites = fn.needs?.sources?.map(({ site }) => site);
  const makers = [...state.nodes.values()].flatMap(({ name, tier, site }): Makers => ((!tiers.has(tier) && seen?.has(name) !== true) || sites?.includes(site) === false ? [] : [{ node: name }]));
  return withMany(unit, makers, state, ({ node }) => {
    const ends = (tiers.get(state.nodes.get(node)?.tier ?? "gateway") ?? []).flatMap((made) => passes.until(made, node) ?? []);
    const height = (end: string): number => lineOf(state.nodes, node).indexOf(end);
    const [until] = ends.sort((one, other) => height(one) - height(other));
    return until === undefined ? { node } : until === node ? { node, here: true } : { node, until };
  });
}

function withMany(unit: UnitNeeds, makers: Makers, { nodes, revoked }: Known, reach = (maker: Makers[number]): Makers[number] => maker): UnitNeeds {
  const standing = makers.filter(({ node }) => !revoked.has(node)).sort((a, b) => (a.node < b.node ? -1 : 1));
  return standing.length === 0 ? unit : { ...unit, makers: few(standing, (node) => parentIn(nodes, node)).map(reach) };
}

/** By tiers on every node of which it is made, what that is. Another app's placed functions stand anywhere: what they make is seen when it comes. */
function madeOn(documents: readonly AppDocument[], own: AppDocument, to: FunctionDocument): ReadonlyMap<Tier, readonly Made[]> {
  const tiers = new Map<Tier, Made[]>();
  const add = (tier: Tier, type: string, made: Made): void => {
    if (isFor(to, type)) tiers.set(tier, [...(tiers.get(tier) ?? []), made]);
  };
  for (const app of [own, ...documents.filter(({ name }) => name !== own.name)]) {
    for (const maker of makersOf(app)) {
      const from = app.functions.find(({ name }) => name === maker.name);
      if (from?.needs === undefined && from !== to) for (const [type, target] of Object.entries(maker.emits)) add(from === undefined ? "gateway" : tierOf(from), type, { app, maker, target });
    }
    for (const { type, class: held, stream = "local" } of app.sources) add("gateway", type, { app, maker: undefined, target: { stream, class: held } });
  }
  return tiers;
}

/** A model for one tier stands beside those that ask it there, or above them, as far as that goes: where control chooses the tier as well, it does in any case. */
function askingNodes({ name, tiers = [], sources }: UnitNeeds, { models, functions }: AppDocument, { nodes }: Known): Makers {
  if (tiers.length > 1 || sources.length > 0 || models.every((model) => model.name !== name)) return [];
  const asking = askersOf(models, name);
  const from = new Set(functions.flatMap((fn) => (fn.needs === undefined && fn.models.some((model) => asking.includes(model)) ? [tierOf(fn)] : [])));
  // Nothing is held against a place by a node of which nobody knows what is above it.
  return [...nodes.values()].flatMap((node): Makers => (from.has(node.tier) && node.inventory?.uplink !== undefined ? [{ node: node.name, asks: true }] : []));
}

/** It, and those above it. */
function lineOf(nodes: Known["nodes"], node: string): readonly string[] {
  const line = [node];
  for (let above = parentIn(nodes, node); above !== undefined && !line.includes(above); above = parentIn(nodes, above)) line.push(above);
  return line;
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
