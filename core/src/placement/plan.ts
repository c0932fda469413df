/** Where each part of each app runs: pure, from apps and nodes to assignments. */
import type { AppDocument, Tier } from "../schema/app.ts";

export interface PlannedNode {
  readonly name: string;
  readonly tier: Tier;
}

export interface Assignment {
  readonly node: string;
  /** Apps with only what this node is to run. */
  readonly apps: readonly AppDocument[];
}

/** A function runs on every node of its tier with the models it uses, and so does a model that answers there; sources and reductions stand at the gateways. Nodes and apps are taken in the order of their names. */
export function planPlacement(apps: readonly AppDocument[], nodes: readonly PlannedNode[]): readonly Assignment[] {
  const inOrder = [...apps].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...nodes]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => ({ node: node.name, apps: inOrder.map((app) => partFor(app, node.tier)).filter(runsSomething) }));
}

function partFor(app: AppDocument, tier: Tier): AppDocument {
  const functions = app.functions.filter((fn) => fn.run.tier === tier);
  const { sources, reductions, ...rest } = app;
  const here = tier === "gateway";
  const used = new Set([...functions.flatMap((fn) => fn.models), ...(here ? judgesOf(app) : [])]);
  return { ...rest, functions, models: app.models.filter((model) => used.has(model.name) || model.answers?.tier === tier), sources: here ? sources : [], ...(here && reductions !== undefined ? { reductions } : {}) };
}

/** Models by which readings are judged where they are born. */
const judgesOf = ({ reductions }: AppDocument): readonly string[] => (reductions ?? []).flatMap((reduction) => (reduction.kind === "judge" ? [reduction.model] : []));

const runsSomething = (app: AppDocument): boolean => app.functions.length > 0 || app.models.length > 0 || app.sources.length > 0 || (app.reductions ?? []).length > 0;
