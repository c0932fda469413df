/**
 * On which nodes what a placed function is handed is made, whatever the plan places of its app: what runs on every node of a tier, doors and reductions make it there, of any app, and other apps' placed functions where
 * they stand. Where nothing does, nodes from which something was handed in the last week are seen to. Events go up, as far as they are let, so that a place that is not above all of them is handed a part. Of a model: nodes
 * on which it is asked.
 */
import { limits } from "@holon/core/limits.ts";
import { askersOf, isFor, tierOf } from "@holon/core/placement/needs-of-app.ts";
import type { CompiledPolicy } from "@holon/core/policy/compile.ts";
import { makersOf } from "@holon/core/policy/lowering.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { UnitNeeds } from "@holon/core/schema/needs.ts";
import type { Tier } from "@holon/core/schema/tier.ts";
import type { ControlState } from "../store/fold.ts";
import { keptBy } from "./explain-tier.ts";
import type { StandsOn } from "./exchanged.ts";
import { parentIn, type Made, type Passes } from "./passes.ts";

type Makers = NonNullable<UnitNeeds["makers"]>;
type Known = Pick<ControlState, "nodes" | "revoked" | "origins">;

export interface MakersFacts {
  readonly document: AppDocument | undefined;
  /** The apps as they would be. */
  readonly documents: readonly AppDocument[];
  readonly state: Known;
  readonly policy: CompiledPolicy | undefined;
  readonly passes: Passes;
  /** By the plan in force. */
  readonly standsOn: StandsOn;
}

/** What makes something, and what that is. */
interface Origin extends Made {
  readonly app: AppDocument;
  readonly name: string;
}

/** Who names sources is handed what is made there, and nothing else. */
export function withMakers(unit: UnitNeeds, facts: MakersFacts): UnitNeeds {
  const { document, state, passes } = facts;
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (document === undefined) return unit;
  if (fn === undefined) return withMany(unit, askingNodes(unit, document, state), state, (node) => [{ node, asks: true }]);
  const own = withTakers(unit, document, facts);
  if (!("type" in fn.on)) return own;
  const madeAt = originsOf(facts, document, fn);
  // What placed functions of its app make for it are flows, which go where they go.
  const isKnown = madeAt.size > 0 || document.functions.some((from) => from !== fn && Object.keys(from.emits).some((type) => isFor(fn, type)));
  const seen = isKnown ? undefined : state.origins.get(`${document.name}/${unit.name}`);
  const sites = fn.needs?.sources?.map(({ site }) => site);
  const nodes = [...state.nodes.values()].flatMap(({ name, site }) => ((!madeAt.has(name) && seen?.has(name) !== true) || sites?.includes(site) === false ? [] : [name]));
  return withMany(own, nodes, state, (node) => {
    const ends = new Set((madeAt.get(node) ?? []).map((made) => passes.until(made, node)));
    return ends.size === 0 ? [{ node }] : [...ends].map((until) => (until === undefined ? { node } : until === node ? { node, here: true } : { node, until }));
  });
}

function withMany(unit: UnitNeeds, nodes: readonly string[], { nodes: known, revoked }: Known, rowsOf: (node: string) => Makers): UnitNeeds {
  const standing = nodes.filter((node) => !revoked.has(node)).sort();
  if (standing.length === 0) return unit;
  const makers = few(standing, (node) => parentIn(known, node)).flatMap(({ node, like }) => rowsOf(node).map((row) => (like === 1 ? row : { ...row, like })));
  return { ...unit, makers: makers.slice(0, 4 * limits.makersMax) };
}

/** By node, what is made there. Where the policy, or a seal, lets nothing of it run, nothing is. */
function originsOf({ documents, state, policy, standsOn }: MakersFacts, own: AppDocument, to: FunctionDocument): ReadonlyMap<string, readonly Origin[]> {
  const onTier = new Map<Tier, Origin[]>();
  const madeAt = new Map<string, Origin[]>();
  const add = <Key>(where: Map<Key, Origin[]>, key: Key, origin: Origin): void => void where.set(key, [...(where.get(key) ?? []), origin]);
  for (const app of [own, ...documents.filter(({ name }) => name !== own.name)]) {
    for (const maker of makersOf(app)) {
      const from = app.functions.find(({ name }) => name === maker.name);
      if (from === to || (app === own && from?.needs !== undefined)) continue;
      for (const [type, target] of Object.entries(maker.emits)) {
        if (!isFor(to, type)) continue;
        const origin = { app, name: maker.name, maker, target };
        if (from?.needs === undefined) add(onTier, from === undefined ? "gateway" : tierOf(from), origin);
        else for (const node of standsOn.get(`${app.name}/${from.name}`) ?? []) add(madeAt, node, origin);
      }
    }
    for (const { name, type, class: held, stream = "local" } of app.sources) if (isFor(to, type)) add(onTier, "gateway", { app, name, maker: undefined, target: { stream, class: held } });
  }
  if (onTier.size === 0) return madeAt;
  for (const node of state.nodes.values()) for (const origin of onTier.get(node.tier) ?? []) if (mayRun({ state, policy }, origin, node)) add(madeAt, node.name, origin);
  return madeAt;
}

const mayRun = ({ state: { revoked }, policy }: Pick<MakersFacts, "policy" | "state">, { app, name }: Pick<Origin, "app" | "name">, node: { readonly name: string; readonly site: string }): boolean =>
  (policy === undefined && app.sealTo === undefined) || keptBy({ policy, revoked }, app, name, node) === undefined;

/** What takes what it makes on every node of a tier does not where it may not run. */
function withTakers(unit: UnitNeeds, document: AppDocument, { state, policy }: MakersFacts): UnitNeeds {
  if (unit.takers === undefined || (policy === undefined && document.sealTo === undefined)) return unit;
  const takers = unit.takers.map((taker) => {
    const except = [...state.nodes.values()].filter((node) => node.tier === taker.tier && !mayRun({ state, policy }, { app: document, name: taker.unit }, node)).map(({ name }) => name).sort();
    return except.length === 0 ? taker : { ...taker, except: except.slice(0, limits.makersMax) };
  });
  return { ...unit, takers };
}

/** A model for one tier stands beside those that ask it there, or above them, as far as that goes: where control chooses the tier as well, it does in any case. */
function askingNodes({ name, tiers = [], sources }: UnitNeeds, { models, functions }: AppDocument, { nodes }: Known): readonly string[] {
  if (tiers.length > 1 || sources.length > 0 || models.every((model) => model.name !== name)) return [];
  const asking = askersOf(models, name);
  const from = new Set(functions.flatMap((fn) => (fn.needs === undefined && fn.models.some((model) => asking.includes(model)) ? [tierOf(fn)] : [])));
  // Nothing is held against a place by a node of which nobody knows what is above it.
  return [...nodes.values()].flatMap((node) => (from.has(node.tier) && node.inventory?.uplink !== undefined ? [node.name] : []));
}

/**
 * Of more than a plan looks at, some that are under the same nodes: first two of each parent, then two of each node above that, from under different ones, until they are few. A place that is not above all of them
 * misses one that is left, whichever it is; those that are left out count with one of those.
 */
function few(nodes: readonly string[], parentOf: (node: string) => string | undefined): readonly { readonly node: string; readonly like: number }[] {
  let left = nodes.map((node) => ({ node, like: 1, below: node, above: parentOf(node) ?? "" }));
  for (let height = 0; left.length > limits.makersMax && height < limits.makersMax; height++) {
    const kept = new Map<string, typeof left>();
    for (const one of left) {
      const rows = kept.get(one.above) ?? [];
      const same = rows.find(({ below }) => below === one.below) ?? (rows.length < 2 ? undefined : rows[1]);
      if (same === undefined) kept.set(one.above, [...rows, one]);
      else same.like += one.like;
    }
    left = [...kept.values()].flat().map((one) => ({ ...one, below: one.above, above: parentOf(one.above) ?? "" }));
  }
  return left.slice(0, limits.makersMax);
}
