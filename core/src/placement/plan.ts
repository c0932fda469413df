/** Which part of each app a node runs: pure, from apps, nodes and what the planner has placed to assignments. */
import type { AppDocument, Tier } from "../schema/app.ts";
import { endsOfParts, withTails } from "../schema/model-use.ts";
import { isOpenTo } from "../seal/names.ts";

export interface PlannedNode {
  readonly name: string;
  readonly tier: Tier;
  /** Where it is not known, what is sealed to sites is not given to it. */
  readonly site?: string | undefined;
}

export interface Assignment {
  readonly node: string;
  /** Apps with only what this node is to run. */
  readonly apps: readonly AppDocument[];
}

/** Whether what has needs (`app/unit`) is to run on this node. */
export type IsPlaced = (unit: string, node: string) => boolean;

/**
 * What has needs runs where it is placed. A function without runs on every node of its tier, and so does a model that answers there; functions bring the models they use. Sources and
 * reductions stand at the gateways. Nodes and apps are taken in the order of their names.
 */
export function planPlacement(apps: readonly AppDocument[], nodes: readonly PlannedNode[], isPlaced: IsPlaced = () => false): readonly Assignment[] {
  const inOrder = [...apps].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...nodes]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => ({ node: node.name, apps: inOrder.filter((app) => isOpenTo(app, node.site ?? "")).map((app) => partFor(app, node, isPlaced)).filter(runsSomething) }));
}

function partFor(app: AppDocument, { name: node, tier }: PlannedNode, isPlaced: IsPlaced): AppDocument {
  const isHere = (unit: { readonly name: string; readonly needs?: object | undefined }, ofTier: Tier | undefined): boolean => (unit.needs === undefined ? ofTier === tier : isPlaced(`${app.name}/${unit.name}`, node));
  const functions = app.functions.filter((fn) => isHere(fn, fn.run?.tier ?? "gateway"));
  const { sources, reductions, ...rest } = app;
  const here = tier === "gateway";
  const used = [...functions.flatMap((fn) => fn.models), ...(here ? judgesOf(app) : []), ...modelsHere(app, (model) => isHere(model, model.answers?.tier))];
  // The head of a split has its tail with it, so that it can do without a link.
  const standing = withTails(app.models, used);
  return { ...rest, functions, models: app.models.filter(({ name }) => standing.has(name)), sources: here ? sources : [], ...(here && reductions !== undefined ? { reductions } : {}) };
}

/** Parts of a model that control cuts stand where its end does. */
function modelsHere({ models }: AppDocument, isHere: (model: AppDocument["models"][number]) => boolean): readonly string[] {
  const ends = endsOfParts(models);
  const here = new Set(models.flatMap((model) => ((ends.get(model.name) ?? model.name) === model.name && isHere(model) ? [model.name] : [])));
  return models.flatMap(({ name }) => (here.has(ends.get(name) ?? name) ? [name] : []));
}

/** Models by which readings are judged where they are born. */
const judgesOf = ({ reductions }: AppDocument): readonly string[] => (reductions ?? []).flatMap((reduction) => (reduction.kind === "judge" ? [reduction.model] : []));

const runsSomething = (app: AppDocument): boolean => app.functions.length > 0 || app.models.length > 0 || app.sources.length > 0 || (app.reductions ?? []).length > 0;
