/** What is to be said of a unit that asks a model above, or is asked: why it is cut where it is, and what its cascade spares, as nodes told it last. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { explainStage } from "@holon/core/placement/plan-stages.ts";
import type { Planned } from "@holon/core/placement/planner.ts";
import { aboveOf, endOf, withTails } from "@holon/core/schema/model-use.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { ControlState } from "../store/fold.ts";
import type { AskedThere } from "../store/handed.ts";
import type { StandsOn } from "./exchanged.ts";

type ModelUse = AppDocument["models"][number];

/** Of models that a unit is, uses, or ends, on this node; for an end how many nodes do how much of it. */
export function plannedStagesOf(document: AppDocument, unit: string, node: string, { fleet, work, ledger, plan }: Planned): readonly string[] {
  const { name: app, models, functions } = document;
  const used = [unit, ...(functions.find(({ name }) => name === unit)?.models ?? [])];
  const own = (plan.stages ?? []).filter((stage) => stage.node === node && used.some((name) => `${app}/${name}` === stage.model));
  const ended = models.filter(({ name, split, cascade }) => (split?.auto !== undefined && name !== unit && endOf(models, name) === unit) || (cascade?.auto !== undefined && cascade.above === unit));
  const asked = ended.flatMap(({ name, split }) => {
    const here = (plan.stages ?? []).filter(({ model }) => model === `${app}/${name}`);
    const parts = [...withTails(models, [name])];
    const named = (done: number): string => (split === undefined ? (["asked alone", `asked after ${name}`, "standing there"][done] ?? "") : done === parts.length ? "none of it asked" : `cut after ${parts[done - 1] ?? ""}`);
    const counts = [...new Set(here.map((one) => one.here))].sort((a, b) => a - b).map((done) => `${named(done)} on ${here.filter((one) => one.here === done).length}`);
    const together = plan.counted?.find(({ model }) => model === `${app}/${name}`);
    const groups = together === undefined ? "" : ` Where its end stands follows from ${together.nodes} of them as ${together.groups} groups of neighbours.`;
    return here.length === 0 ? [] : [`Of ${here.length} nodes that ask ${app}/${name}: ${counts.join(", ")}.${groups}`];
  });
  return [...own.flatMap((stage) => explainStage(fleet, work, ledger, stage) ?? []), ...asked];
}

/** Beyond this part of its rows a small model spares too little to be run first. */
const worthShareMax = 0.9;

/** A sentence for each; none where the unit has no part in such a thing. */
export function stagesOf(document: AppDocument, unit: string, { asked, nodes }: Pick<ControlState, "asked" | "nodes">, standing: StandsOn): readonly string[] {
  const { name: app, models, functions } = document;
  const used = functions.find(({ name }) => name === unit)?.models ?? [];
  /** What was asked where nobody asks any more is not told. */
  const isAsking = (model: string, node: string): boolean => {
    const by = functions.filter((fn) => fn.models.includes(model));
    return by.length === 0 || by.some((fn) => (fn.needs === undefined ? (fn.run?.tier ?? "gateway") === nodes.get(node)?.tier : standing.get(`${app}/${fn.name}`)?.has(node) === true));
  };
  return models
    .filter((model) => aboveOf(model) !== undefined && (used.includes(model.name) || aboveOf(model) === unit || (model.split?.auto !== undefined && (model.name === unit || endOf(models, model.name) === unit))))
    .map((model) => sentenceOf(document, model, [...(asked.get(`${app}/${model.name}`) ?? [])].flatMap(([node, told]) => (isAsking(model.name, node) ? [told] : []))));
}

function sentenceOf(document: AppDocument, model: ModelUse, told: readonly AskedThere[]): string {
  const app = document.name;
  const above = aboveOf(model) ?? "";
  const total = (of: (one: (typeof told)[number]) => number): number => told.reduce((sum, one) => sum + (of(one) * 3_600_000) / one.overMs, 0);
  const [here, there, kept, bytes] = [total((one) => one.here), total((one) => one.above), total((one) => one.kept), total((one) => one.bytes)];
  const rows = here + there + kept;
  const end = model.split?.auto === undefined ? above : endOf(document.models, model.name);
  const counted = `${whole(there)} of ${whole(rows)} rows an hour ${model.split === undefined ? `went up to ${app}/${above}` : `were answered by ${app}/${end}`}, in ${whole(bytes)} bytes${kept === 0 ? "" : model.split === undefined ? `, ${whole(kept)} more were to and could not` : `, ${whole(kept)} here since they could not go`}${asOf(told)}`;
  if (model.split?.auto !== undefined) return rows === 0 ? `How often ${app}/${model.name} is asked nobody has told yet.` : `Of ${app}/${model.name} ${counted}.`;
  if (model.split !== undefined) return `${app}/${model.name} is the head of a model whose rest is ${app}/${above}${model.split.because === undefined ? "" : `: ${model.split.because}`}${rows === 0 ? "" : `; ${counted}`}.`;
  if (rows === 0) return `${app}/${model.name} asks ${app}/${above} about what it is not sure of; how much that is nobody has told yet.`;
  const share = (there + kept) / rows;
  const spared = there === 0 ? 0 : (bytes / there) * here;
  return share > worthShareMax
    ? `${app}/${model.name} is hardly worth its place: ${counted}, so that nearly every row waits for both; ${app}/${above} alone would be asked about little more.`
    : `${app}/${model.name} spares ${whole(100 * (1 - share))} % of the questions${there === 0 ? "" : `, ${whole(spared)} bytes an hour`}: ${counted}.`;
}

const asOf = (told: readonly { readonly atMs: number }[]): string => (told.length === 0 ? "" : `, as of ${isoTime(Math.max(...told.map(({ atMs }) => atMs)))}`);

const whole = (value: number): string => String(Math.round(value));
