/** What is to be said of a unit that asks a model above, or is asked: why it is cut where it is, and what its cascade spares, as nodes told it last. */
import { aboveOf } from "@holon/core/schema/model-use.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { ControlState } from "../store/fold.ts";

type ModelUse = AppDocument["models"][number];

/** Beyond this part of its rows a small model spares too little to be run first. */
const worthShareMax = 0.9;

/** A sentence for each; none where the unit has no part in such a thing. */
export function stagesOf(document: AppDocument, unit: string, asked: ControlState["asked"]): readonly string[] {
  const { models, functions } = document;
  const used = functions.find(({ name }) => name === unit)?.models ?? [];
  return models.filter((model) => aboveOf(model) !== undefined && (used.includes(model.name) || aboveOf(model) === unit)).map((model) => sentenceOf(document.name, model, asked.get(`${document.name}/${model.name}`)));
}

function sentenceOf(app: string, model: ModelUse, byNode: ReturnType<ControlState["asked"]["get"]>): string {
  const above = aboveOf(model) ?? "";
  const told = [...(byNode?.values() ?? [])];
  const total = (of: (one: (typeof told)[number]) => number): number => told.reduce((sum, one) => sum + (of(one) * 3_600_000) / one.overMs, 0);
  const [here, there, kept, bytes] = [total((one) => one.here), total((one) => one.above), total((one) => one.kept), total((one) => one.bytes)];
  const rows = here + there + kept;
  const counted = `${whole(there)} of ${whole(rows)} rows an hour ${model.split === undefined ? `went up to ${app}/${above}` : `were answered by ${app}/${above}`}, in ${whole(bytes)} bytes`;
  if (model.split !== undefined) return `${app}/${model.name} is the head of a model whose rest is ${app}/${above}${model.split.because === undefined ? "" : `: ${model.split.because}`}${rows === 0 ? "" : `; ${counted}`}.`;
  if (rows === 0) return `${app}/${model.name} asks ${app}/${above} about what it is not sure of; how much that is nobody has told yet.`;
  const share = there / rows;
  const spared = there === 0 ? 0 : (bytes / there) * (rows - there);
  return share > worthShareMax
    ? `${app}/${model.name} is hardly worth its place: ${counted}, so that nearly every row waits for both; ${app}/${above} alone would be asked about little more.`
    : `${app}/${model.name} spares ${whole(100 * (1 - share))} % of the questions${there === 0 ? "" : `, ${whole(spared)} bytes an hour`}: ${counted}.`;
}

const whole = (value: number): string => String(Math.round(value));
