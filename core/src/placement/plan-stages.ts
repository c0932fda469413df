/** Of each model that asks another, how much is done on each node where it is asked: worked out once everything has its place, with what a change costs; and why, in a line. */
import type { Staged } from "../schema/needs.ts";
import type { Counted, PlannedStage } from "../schema/plan.ts";
import type { Fleet } from "./fleet.ts";
import type { Ledger } from "./ledger.ts";
import { cheapestStage, partMs, stageMoveCost, stagesBetween, type Choice, type Stage } from "./stages.ts";
import { print, type Work } from "./work.ts";

type Books = Pick<Ledger, "at">;

/** `more`: what is paid a month for what is left as it was. */
export function planStages(fleet: Fleet, work: Work, ledger: Books, before: readonly PlannedStage[]): { readonly stages: readonly PlannedStage[]; readonly more: number } {
  if (work.stages.length === 0) return { stages: [], more: 0 };
  const was = new Map(before.map(({ model, node, here }) => [`${model} ${node}`, here]));
  const stages: PlannedStage[] = [];
  let more = 0;
  for (const stage of work.stages) {
    for (const [node, rows] of askersOf(fleet, work, ledger, stage)) {
      const name = fleet.nodes[node]?.name ?? "";
      const model = modelOf(stage);
      const { chosen, best } = choiceOn(fleet, work, ledger, stage, node, rows, was.get(`${model} ${name}`));
      more += chosen.cost - best.cost;
      stages.push({ model, node: name, here: chosen.here });
    }
  }
  return { stages: stages.sort((a, b) => compare(a.model, b.model) || compare(a.node, b.node)), more };
}

/** Of the models that more nodes ask than count each by itself. */
export function countedTogether(fleet: Fleet, { stages, items, indexOf }: Work): readonly Counted[] {
  return stages
    .flatMap((stage) => {
      const nodes = stage.staged.askers.filter(({ node }) => fleet.indexOf.has(node)).length;
      const groups = items[indexOf.get(`${stage.app}/${stage.needs.name}`) ?? -1]?.asked.filter((one) => one.stage === stage).length ?? 0;
      return groups < nodes ? [{ model: modelOf(stage), nodes, groups }] : [];
    })
    .sort((a, b) => compare(a.model, b.model));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const modelOf = ({ app, staged }: Stage): string => `${app}/${staged.model}`;

/** By node that is not gone, the rows that are asked about there a month. */
function askersOf(fleet: Fleet, work: Work, ledger: Books, { app, staged }: Stage): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  const add = (node: number, more: number): void => void (node >= 0 && fleet.gone[node] !== 1 && rows.set(node, (rows.get(node) ?? 0) + more));
  for (const { node, rowsPerMonth } of staged.askers) add(fleet.indexOf.get(node) ?? -1, rowsPerMonth);
  for (const { unit, rowsPerMonth } of staged.units) {
    const first = work.indexOf.get(`${app}/${unit}`);
    const replicas = first === undefined ? [] : [first, ...(work.items[first]?.siblings ?? [])];
    for (const item of replicas) add(ledger.at[item] ?? -1, rowsPerMonth / replicas.length);
  }
  return rows;
}

interface Chosen {
  readonly chosen: Choice;
  readonly best: Choice;
  /** Where the end stands; undefined: nowhere, and all is done here. */
  readonly answerer: number | undefined;
}

/** With the replica of the end that is cheapest to ask. */
function choiceOn(fleet: Fleet, work: Work, ledger: Books, stage: Stage, node: number, rows: number, before: number | undefined): Chosen {
  const first = work.indexOf.get(`${stage.app}/${stage.needs.name}`);
  const ends = (first === undefined ? [] : [first, ...(work.items[first]?.siblings ?? [])]).map((item) => ledger.at[item] ?? -1).filter((at) => at >= 0);
  let [answerer, best]: [number | undefined, Choice | undefined] = [undefined, undefined];
  for (const end of ends) {
    const choice = cheapestStage(fleet, stage, node, end, rows);
    if (best === undefined || choice.cost < best.cost) [answerer, best] = [end, choice];
  }
  if (answerer === undefined || best === undefined) {
    const alone = { here: stage.staged.kind === "split" ? stage.staged.parts.length : 1, cost: 0, latencyMs: 0, bytes: 0 };
    return { chosen: alone, best: alone, answerer: undefined };
  }
  const old = before === undefined || before === best.here ? undefined : stagesBetween(fleet, stage, node, answerer, rows).find(({ here }) => here === before);
  return { chosen: old !== undefined && old.cost - best.cost <= stageMoveCost(fleet) ? old : best, best, answerer };
}

/** One line for a model on a node where it is asked; undefined where the plan says nothing of it there. */
export function explainStage(fleet: Fleet, work: Work, ledger: Books, planned: PlannedStage): string | undefined {
  const stage = work.stages.find((one) => modelOf(one) === planned.model);
  const node = fleet.indexOf.get(planned.node);
  const rows = stage === undefined || node === undefined ? undefined : askersOf(fleet, work, ledger, stage).get(node);
  if (stage === undefined || node === undefined || rows === undefined) return undefined;
  const { answerer } = choiceOn(fleet, work, ledger, stage, node, rows, planned.here);
  if (answerer === undefined) return `${planned.model} on ${planned.node}: ${stageName(stage.staged, planned.here)}, since its end stands nowhere.`;
  const end = fleet.nodes[answerer]?.name ?? "";
  const choices = [...stagesBetween(fleet, stage, node, answerer, rows)].sort((a, b) => a.cost - b.cost);
  const mine = choices.find(({ here }) => here === planned.here);
  if (mine === undefined) return undefined;
  const others = choices.filter((choice) => choice !== mine).map((choice) => `${stageName(stage.staged, choice.here)} ${print(choice.cost)}`);
  const figures = `${print(mine.cost)} a month, ${print(mine.latencyMs)} ms and ${print(mine.bytes)} bytes a row`;
  const why = others.length === 0 ? "nothing else is known well enough to choose" : `instead of ${others.join(", ")}`;
  const kept = choices[0] !== mine && choices[0] !== undefined ? `; to change costs ${print(stageMoveCost(fleet))}, more than it saves` : "";
  return `${planned.model} on ${planned.node}: ${stageName(stage.staged, planned.here)} costs ${figures}, with the end on ${end}, ${why}${kept}; by ${rowsText(rows)} and times ${sourcesOf(fleet, stage, node, answerer)}.`;
}

const rowsText = (rows: number): string => (rows === 0 ? "rows that nobody has counted yet" : `${print(rows)} rows a month`);

/** What is done where it is asked, for people. */
export function stageName({ kind, parts }: Pick<Staged, "kind" | "parts">, here: number): string {
  if (kind === "cascade") return here === 0 ? `${parts[1]?.name ?? ""} alone, above` : here === 1 ? `${parts[0]?.name ?? ""} first` : `${parts[1]?.name ?? ""} alone, here`;
  return here === parts.length ? "all of it here" : `cut after ${parts[here - 1]?.name ?? ""}`;
}

/** The least that can be said of all times that it rests on. */
function sourcesOf(fleet: Fleet, stage: Stage, node: number, answerer: number): string {
  const sources = new Set(stage.staged.parts.flatMap((_, index) => [node, answerer].map((place) => partMs(fleet, stage, index, place)?.source ?? "unknown")));
  const words = { measured: "as measured there", scaled: "as its publisher measured them, at the pace of the parts that were measured there", published: "as its publisher measured them", unknown: "of which some are unknown" } as const;
  return words[(["unknown", "published", "scaled", "measured"] as const).find((source) => sources.has(source)) ?? "measured"];
}
