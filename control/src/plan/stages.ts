/** What is to be said of a unit that asks a model above, or is asked: why it is cut where it is, and what its cascade spares, as nodes told it last. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { aboveOf } from "@holon/core/schema/model-use.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { ControlState } from "../store/fold.ts";
import type { AskedThere } from "../store/handed.ts";
import type { StandsOn } from "./exchanged.ts";

type ModelUse = AppDocument["models"][number];

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
    .filter((model) => aboveOf(model) !== undefined && (used.includes(model.name) || aboveOf(model) === unit))
    .map((model) => sentenceOf(app, model, [...(asked.get(`${app}/${model.name}`) ?? [])].flatMap(([node, told]) => (isAsking(model.name, node) ? [told] : []))));
}

function sentenceOf(app: string, model: ModelUse, told: readonly AskedThere[]): string {
  const above = aboveOf(model) ?? "";
  const total = (of: (one: (typeof told)[number]) => number): number => told.reduce((sum, one) => sum + (of(one) * 3_600_000) / one.overMs, 0);
  const [here, there, kept, bytes] = [total((one) => one.here), total((one) => one.above), total((one) => one.kept), total((one) => one.bytes)];
  const rows = here + there + kept;
  const counted = `${whole(there)} of ${whole(rows)} rows an hour ${model.split === undefined ? `went up to ${app}/${above}` : `were answered by ${app}/${above}`}, in ${whole(bytes)} bytes${asOf(told)}`;
  if (model.split !== undefined) return `${app}/${model.name} is the head of a model whose rest is ${app}/${above}${model.split.because === undefined ? "" : `: ${model.split.because}`}${rows === 0 ? "" : `; ${counted}`}.`;
  if (rows === 0) return `${app}/${model.name} asks ${app}/${above} about what it is not sure of; how much that is nobody has told yet.`;
  const share = there / rows;
  const spared = there === 0 ? 0 : (bytes / there) * (rows - there);
  return share > worthShareMax
    ? `${app}/${model.name} is hardly worth its place: ${counted}, so that nearly every row waits for both; ${app}/${above} alone would be asked about little more.`
    : `${app}/${model.name} spares ${whole(100 * (1 - share))} % of the questions${there === 0 ? "" : `, ${whole(spared)} bytes an hour`}: ${counted}.`;
}

const asOf = (told: readonly { readonly atMs: number }[]): string => (told.length === 0 ? "" : `, as of ${isoTime(Math.max(...told.map(({ atMs }) => atMs)))}`);

const whole = (value: number): string => String(Math.round(value));
