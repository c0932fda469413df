/** What would come of a deployment: what starts, ends and moves where, and why. */
import { canonicalJson } from "@holon/core/json.ts";
import { explainChoice } from "@holon/core/placement/explain.ts";
import { explainStage } from "@holon/core/placement/plan-stages.ts";
import { planPlacement, type Assignment } from "@holon/core/placement/plan.ts";
import type { Plan } from "@holon/core/placement/planner.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { endsOfParts } from "@holon/core/schema/model-use.ts";
import type { ControlState } from "../store/fold.ts";
import { keptFrom } from "./explain-tier.ts";
import { whyNowhere, type Proposal } from "./planner.ts";
import { warningsOf } from "./warnings.ts";

export interface Preview {
  /** `+` starts on a node, `-` ends there, `!` runs there in another version; `%` more or less of a model that asks another is done there. In the order of units. */
  readonly changes: readonly { readonly change: "+" | "-" | "!" | "%"; readonly unit: string; readonly node: string; readonly why: string }[];
  /** Why it would be refused. */
  readonly refused: string | undefined;
  /** A month of what is placed by its needs. */
  readonly costPerMonth: number | undefined;
  /** What would be taken as it stands, and is hardly what its author means. */
  readonly warnings: readonly string[];
}

export interface PreviewInput {
  readonly state: ControlState;
  readonly document: AppDocument;
  /** The apps as they would be. */
  readonly documents: readonly AppDocument[];
  readonly proposal: Proposal | undefined;
  /** In force. */
  readonly current: Plan | undefined;
}

export function previewOf({ state, document, documents, proposal, current }: PreviewInput): Preview {
  const nodes = [...state.nodes.values()].filter(({ name }) => !state.revoked.has(name));
  const placed = (plan: Plan | undefined) => {
    const places = new Set((plan?.placements ?? []).map(({ unit, node }) => `${unit} ${node}`));
    return (unit: string, node: string): boolean => places.has(`${unit} ${node}`);
  };
  const before = unitsOn(planPlacement([...state.apps.values()].map((app) => app.document), nodes, placed(current)));
  const after = unitsOn(planPlacement(documents, nodes, placed(proposal?.planned.plan)));
  const changes = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)];
    const [unit = "", node = ""] = key.split(" ");
    if (was === is) return [];
    const change = was === undefined ? ("+" as const) : is === undefined ? ("-" as const) : ("!" as const);
    return [{ change, unit, node, why: whyOf({ proposal, documents, state }, unit, node) }];
  });
  return { changes: [...changes, ...cutsOf(proposal, current)], refused: proposal === undefined ? undefined : whyNowhere(proposal, document, state.apps.get(document.name)?.document), costPerMonth: proposal?.planned.plan.costPerMonth, warnings: warningsOf(document, state, proposal) };
}

/** Where a model is cut otherwise than in the plan in force, or is asked for the first time. */
function cutsOf(proposal: Proposal | undefined, current: Plan | undefined): Preview["changes"] {
  if (proposal === undefined) return [];
  const { plan, fleet, work, ledger } = proposal.planned;
  const was = new Map(current?.stages?.map(({ model, node, here }) => [`${model} ${node}`, here]));
  return (plan.stages ?? []).flatMap((stage) => (was.get(`${stage.model} ${stage.node}`) === stage.here ? [] : [{ change: "%" as const, unit: stage.model, node: stage.node, why: explainStage(fleet, work, ledger, stage) ?? "" }]));
}

/** What each node runs, as text. */
function unitsOn(assignments: readonly Assignment[]): ReadonlyMap<string, string> {
  const units = new Map<string, string>();
  for (const { node, apps } of assignments) {
    for (const app of apps) for (const unit of [...app.functions, ...app.models, ...app.sources, ...(app.reductions ?? [])]) units.set(`${app.name}/${unit.name} ${node}`, canonicalJson(unit));
  }
  return units;
}

function whyOf({ proposal, documents, state }: Pick<PreviewInput, "proposal" | "documents" | "state">, unit: string, node: string): string {
  const [appName = "", name = ""] = unit.split("/");
  const app = documents.find((document) => document.name === appName);
  const fn = app?.functions.find((one) => one.name === name);
  const model = app?.models.find((one) => one.name === name);
  const end = fn === undefined && app !== undefined ? endsOfParts(app.models).get(name) : undefined;
  if (end !== undefined && end !== name) return `${unit} is a part of a model that is cut by the plan.`;
  if ((fn ?? model)?.needs !== undefined) return proposal === undefined ? "" : explainChoice(proposal.planned, unit, node).text;
  const home = state.nodes.get(node);
  const kept = app === undefined || home === undefined || (model !== undefined && model.answers === undefined) ? undefined : keptFrom(state, app, name, home);
  if (kept !== undefined) return `${unit} is given to ${node} by its tier, and does not run there: ${kept.text}.`;
  if (fn !== undefined) return `${unit} has no needs, and runs on every node of tier ${fn.run?.tier ?? "gateway"}.`;
  if (model?.answers !== undefined) return `${unit} answers on every node of tier ${model.answers.tier}.`;
  if (model !== undefined) return `${unit} stands where what uses it does.`;
  return app === undefined ? `${unit} is no more.` : `${unit} stands at every gateway, where readings are born.`;
}
