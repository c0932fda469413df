/**
 * Models of an app of which control says how much is done where the rows are: who asks them how much, and of how many rows a cascade's small model is not sure, as nodes told it. What was measured before
 * stands as long as it is about right, so that a plan does not follow each hour.
 */
import { endOf, withTails } from "@holon/core/schema/model-use.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { AppNeeds, Staged } from "@holon/core/schema/needs.ts";
import type { ControlState } from "../store/fold.ts";
import type { AskedThere } from "../store/handed.ts";
import type { StandsOn } from "./exchanged.ts";
import { steady } from "./steady.ts";

const monthMs = 30 * 86_400_000;
type ModelUse = AppDocument["models"][number];

/** Undefined where there is none. */
export function stagesFor(document: AppDocument, state: Pick<ControlState, "nodes" | "revoked" | "asked">, standing: StandsOn, before: AppNeeds["stages"] = []): AppNeeds["stages"] {
  const stages = document.models.flatMap((model) => {
    const parts = partsOf(document, model);
    return parts === undefined ? [] : [stagedOf(document, model, parts, state, standing, before.find((one) => one.model === model.name))];
  });
  return stages.length === 0 ? undefined : stages;
}

function partsOf({ models }: AppDocument, { name, split, cascade }: ModelUse): Staged["parts"] | undefined {
  if (split?.auto !== undefined) {
    const { ms, bytes } = split.auto;
    return [...withTails(models, [name])].map((part, index) => ({ name: part, ms: ms[index] ?? 0, bytes: bytes[index] ?? 0 }));
  }
  if (cascade?.auto === undefined) return undefined;
  const { ms, bytes } = cascade.auto;
  return [name, endOf(models, cascade.above)].map((part, index) => ({ name: part, ...(ms?.[index] === undefined ? {} : { ms: ms[index] }), ...(bytes?.[index] === undefined ? {} : { bytes: bytes[index] }) }));
}

function stagedOf({ name: app, functions }: AppDocument, model: ModelUse, parts: Staged["parts"], { nodes, revoked, asked }: Pick<ControlState, "nodes" | "revoked" | "asked">, standing: StandsOn, before: Staged | undefined): Staged {
  const told = asked.get(`${app}/${model.name}`) ?? new Map<string, AskedThere>();
  const asking = functions.filter((fn) => fn.models.includes(model.name));
  const tiers = new Set<string>(asking.flatMap(({ needs, run }) => (needs === undefined ? [run?.tier ?? "gateway"] : [])));
  const expected = model.split?.auto?.rowsPerMonth;
  const rowsOn = (node: string): number => {
    const row = told.get(node);
    return expected ?? (row === undefined ? 0 : ((row.here + row.above + row.kept) * monthMs) / row.overMs);
  };
  const oldAskers = new Map(before?.askers.map(({ node, rowsPerMonth }) => [node, rowsPerMonth]));
  const askers = [...nodes.values()]
    .filter(({ name, tier }) => tiers.has(tier) && !revoked.has(name))
    .map(({ name: node }) => ({ node, rowsPerMonth: steady(oldAskers.get(node), rowsOn(node)) }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  const units = asking.flatMap(({ name: unit, needs }) => {
    if (needs === undefined) return [];
    const old = before?.units.find((one) => one.unit === unit)?.rowsPerMonth;
    const places = [...(standing.get(`${app}/${unit}`) ?? [])].filter((node) => told.has(node));
    // What moved and has told nothing yet asks as it did before.
    return [{ unit, rowsPerMonth: expected === undefined && places.length === 0 ? (old ?? 0) : steady(old, places.length === 0 ? (expected ?? 0) : places.reduce((sum, node) => sum + rowsOn(node), 0)) }];
  });
  const passUp = model.cascade === undefined ? undefined : passedUp(told, before?.passUp);
  const pace = (model.split ?? model.cascade)?.auto?.pace;
  return { model: model.name, ...(pace === undefined ? {} : { pace }), kind: model.split === undefined ? "cascade" : "split", parts: model.cascade === undefined ? [...parts] : withRowBytes(parts, told, before), ...(passUp === undefined ? {} : { passUp }), askers, units };
}

/** Of the rows that the small model saw, those of which it was not sure: a share that stands until it is off by more than a tenth of all rows. */
function passedUp(told: ReadonlyMap<string, AskedThere>, before: number | undefined): number | undefined {
  let [all, unsure] = [0, 0];
  for (const { here, above, kept, direct = 0 } of told.values()) {
    all += Math.max(0, here + above + kept - direct);
    unsure += Math.max(0, above + kept - direct);
  }
  const now = all === 0 ? undefined : Math.min(1, unsure / all);
  return now === undefined || (before !== undefined && Math.abs(now - before) <= 0.1) ? before : Number(now.toPrecision(3));
}

/** What its author does not say of a row's bytes is measured by the questions. */
function withRowBytes(parts: Staged["parts"], told: ReadonlyMap<string, AskedThere>, before: Staged | undefined): Staged["parts"] {
  const [small, ...more] = parts;
  if (small === undefined || small.bytes !== undefined) return [...parts];
  let [rows, bytes] = [0, 0];
  for (const one of told.values()) if (one.bytes > 0) [rows, bytes] = [rows + one.above, bytes + one.bytes];
  const old = before?.parts[0]?.bytes;
  const now = rows === 0 ? old : steady(old, bytes / rows);
  return [now === undefined ? small : { ...small, bytes: now }, ...more];
}
