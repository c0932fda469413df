/** What the document of a node says beside the apps that stand there: when jobs run, how much of models is done, and whose records are handed over. */
import type { Plan } from "@holon/core/placement/planner.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { shiftSchema } from "@holon/core/schema/energy.ts";
import { endsOfParts } from "@holon/core/schema/model-use.ts";
import type { Moving } from "@holon/core/schema/moving.ts";
import type { ControlState } from "../store/fold.ts";
import { unitsOf } from "./standing.ts";

/** Undefined where nothing has, or ever had, needs. */
export type PlanInForce = Pick<Plan, "hash" | "placements" | "unplaced" | "shifts" | "stages"> | undefined;

/** When the jobs run that this node has. */
export function shiftsOn(plan: PlanInForce, node: string, apps: readonly AppDocument[]): NonNullable<Desired["shifts"]> {
  const here = new Set(unitsOf(apps));
  return Object.fromEntries((plan?.shifts ?? []).flatMap(({ unit, node: at, ...shift }) => (at === node && here.has(unit) ? [[unit, shiftSchema.strip().parse(shift)]] : [])));
}

/** How much of models that ask others is done there; and which models with needs stand there without being placed, for what is in front of them. */
export function askingOn(plan: PlanInForce, node: string, apps: readonly AppDocument[], documents: readonly AppDocument[]): Pick<Desired, "stages" | "spare"> {
  const here = new Set(apps.flatMap((app) => app.models.map(({ name }) => `${app.name}/${name}`)));
  const stages = Object.fromEntries((plan?.stages ?? []).flatMap((stage) => (stage.node === node && here.has(stage.model) ? [[stage.model, stage.here] as const] : [])));
  const standing = new Set<string>([...(plan?.placements ?? []).filter((one) => one.node === node).map(({ unit }) => unit), ...copiesOf(plan, apps).filter((one) => one.node === node).map(({ unit }) => unit)]);
  const spare = apps.flatMap(({ name: app, models }) => {
    const ends = endsOfParts(documents.find(({ name }) => name === app)?.models ?? models);
    const behind = new Set(models.flatMap(({ split }) => (split === undefined ? [] : [split.above])));
    return models.flatMap(({ name, needs }) => (behind.has(name) && needs !== undefined && !standing.has(`${app}/${ends.get(name) ?? name}`) ? [`${app}/${name}`] : []));
  });
  return { ...(Object.keys(stages).length === 0 ? {} : { stages }), ...(spare.length === 0 ? {} : { spare: spare.sort() }) };
}

/** Large models of cascades that stand where they are asked, too. */
export function copiesOf(plan: PlanInForce, documents: readonly AppDocument[]): readonly { readonly unit: string; readonly node: string }[] {
  const asked = new Map<string, string>(documents.flatMap(({ name: app, models }) => models.flatMap(({ name, cascade }) => (cascade?.auto === undefined ? [] : [[`${app}/${name}`, `${app}/${cascade.above}`] as const]))));
  return (plan?.stages ?? []).flatMap(({ model, node, here }) => (here === 2 && asked.has(model) ? [{ unit: asked.get(model) ?? "", node }] : []));
}

/** By unit with sources, the nodes of those sites. */
export function readsOf(apps: readonly AppDocument[], { nodes }: Pick<ControlState, "nodes">): Pick<Moving, "reads"> {
  const reads = apps.flatMap((app) => app.functions.flatMap(({ name, needs }) => (needs?.sources === undefined ? [] : [[`${app.name}/${name}`, needs.sources] as const])));
  const at = (sources: readonly { readonly site: string }[]): string[] => [...nodes.values()].filter(({ site }) => sources.some((source) => source.site === site)).map(({ name }) => name).sort();
  return reads.length === 0 ? {} : { reads: Object.fromEntries(reads.map(([unit, sources]) => [unit, at(sources)])) };
}
