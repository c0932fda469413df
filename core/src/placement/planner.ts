/**
 * `(policy, inventory, needs, now, seed, previous) -> plan`, and nothing else. A plan is never changed: it names the plan before it and the hash of all that it follows
 * from, so that it can be found again and any choice in it explained.
 */
import { canonicalJson } from "../json.ts";
import { toHex } from "../log/hex.ts";
import type { Inventory, InventoryNode } from "../schema/inventory.ts";
import type { EnergyCurve, Shift } from "../schema/energy.ts";
import type { AppNeeds, PlacementPolicy, UnitNeeds } from "../schema/needs.ts";
import type { Counted, PlannedStage } from "../schema/plan.ts";
import { meanOver, shiftText } from "../shifting/job.ts";
import { compileFleet, type Fleet } from "./fleet.ts";
import type { Ledger } from "./ledger.ts";
import { lostAt } from "./passing.ts";
import { search } from "./search.ts";
import { countedTogether, planStages } from "./plan-stages.ts";
import { compileWork, moveCost, type Work } from "./work.ts";

export interface PlanInputs {
  readonly policy: PlacementPolicy;
  readonly inventory: Inventory;
  readonly apps: readonly AppNeeds[];
  /** Wall-clock milliseconds, by which values are old. */
  readonly nowMs: number;
  readonly seed: number;
  readonly previous?: Plan;
  /** `touched`: what has a valid place in the plan before stays, unless it exchanges data with what has none. Without it all is looked at. */
  readonly scope?: "all" | "touched";
}

export interface Placement {
  /** `app/unit`. */
  readonly unit: string;
  readonly replica: number;
  readonly node: string;
}

export interface Plan {
  readonly apiVersion: "holon/v1";
  readonly kind: "Plan";
  /** Hash of the plan before; null for the first. */
  readonly parent: string | null;
  /** Hash of policy, inventory, needs, time, seed and scope. */
  readonly inputs: string;
  /** Of what `planText` writes. */
  readonly hash: string;
  readonly atMs: number;
  readonly seed: number;
  /** By unit, then replica. */
  readonly placements: readonly Placement[];
  readonly unplaced: readonly { readonly unit: string; readonly replica: number }[];
  /** A month of what is placed, moves included, in the currency of the inventory. */
  readonly costPerMonth: number;
  /** Replicas that stand elsewhere than in the plan before. */
  readonly moves: number;
  /** Values of the inventory that were unknown or too old; the worst known stood in for them. */
  readonly unknownValues: number;
  /** No plan is cheaper. */
  readonly proved: boolean;
  /** When jobs run. */
  readonly shifts?: readonly PlannedShift[] | undefined;
  /** How much of models that ask others is done where they are asked; by model, then node. */
  readonly stages?: readonly PlannedStage[] | undefined;
  /** Models that more nodes ask than count each by itself. */
  readonly counted?: readonly Counted[] | undefined;
}

export interface PlannedShift extends Shift {
  readonly unit: string;
  readonly node: string;
  /** Where `atOnce` is of: where the job stood in the plan before, or stands. */
  readonly atOnceNode: string;
}

/** What a plan was made from and by, ready for the next question. */
export interface Planned {
  readonly plan: Plan;
  readonly inputs: PlanInputs;
  readonly fleet: Fleet;
  readonly work: Work;
  readonly ledger: Ledger;
  /** What was made as little as could be: what all costs a month, moves once, and beside that no money, but what counts for what does not come where it is handed. */
  readonly objective: number;
  /** Of each item, its part of that. */
  readonly shares: Float64Array;
  /** Hashes of the nodes' documents, a line each, as the hash of the inputs has them. */
  readonly nodeLines: Uint8Array;
}

export interface PlanTools {
  sha256(bytes: Uint8Array): Uint8Array;
}

/** `fleet`, where it is at hand, is what `compileFleet` makes of the same inputs. */
export function planAll(inputs: PlanInputs, tools: PlanTools, fleet: Fleet = compileFleet(inputs.inventory, inputs.policy, inputs.nowMs)): Planned {
  return finish(inputs, fleet, compileWork(inputs.apps, fleet), tools);
}

/** These nodes are gone, nothing else has changed: the same plan as from inputs that say so, with scope `touched`, in a fraction of the time. */
export function replanWithout(planned: Planned, names: readonly string[], tools: PlanTools): Planned {
  const gone = new Set(names);
  const mark = (node: InventoryNode): InventoryNode => (gone.has(node.name) ? { ...node, state: "gone" } : node);
  const inputs: PlanInputs = { ...planned.inputs, inventory: { ...planned.inputs.inventory, nodes: planned.inputs.inventory.nodes.map(mark) }, previous: planned.plan, scope: "touched" };
  const fleet: Fleet = { ...planned.fleet, nodes: planned.fleet.nodes.map(mark), gone: planned.fleet.gone.map((was, index) => (gone.has(planned.fleet.nodes[index]?.name ?? "") ? 1 : was)) };
  return finish(inputs, fleet, planned.work, tools, planned);
}

/** `before`: made from the same but for nodes that are gone since. */
function finish(inputs: PlanInputs, fleet: Fleet, work: Work, tools: PlanTools, before?: Planned): Planned {
  const previous = before === undefined ? placesOf(inputs.previous, fleet, work) : before.ledger.at;
  const { ledger, touched, proved } = search({ fleet, work, previous, scope: inputs.scope ?? "all", seed: inputs.seed, trusted: before !== undefined });
  const shares = before !== undefined && touched !== undefined ? before.shares.slice() : new Float64Array(work.items.length);
  for (const index of before !== undefined && touched !== undefined ? touched : work.items.keys()) shares[index] = ledger.shareOf(index);
  const placements: Placement[] = [];
  const shifts: PlannedShift[] = [];
  const unplaced: { unit: string; replica: number }[] = [];
  let [moves, objective, lost] = [0, 0, 0];
  for (const [index, item] of work.items.entries()) {
    const { unit, replica, needs } = item;
    const at = ledger.at[index] ?? -1;
    const node = fleet.nodes[at];
    if (node === undefined) unplaced.push({ unit, replica });
    else placements.push({ unit, replica, node: node.name });
    if (node !== undefined && needs.job !== undefined) shifts.push(...shiftThere(fleet, { unit, needs }, node, fleet.nodes[previous[index] ?? -1], inputs.previous, inputs.inventory.curves?.[node.energy?.[needs.job.by ?? "carbon"] ?? ""]));
    const moved = (previous[index] ?? -1) >= 0 && previous[index] !== at;
    if (moved) moves++;
    objective += (shares[index] ?? 0) + (moved && node !== undefined ? moveCost(fleet, needs) : 0);
    if (node !== undefined) lost += lostAt(fleet, item, ledger.at, at, 0.5);
  }
  const { stages, more } = planStages(fleet, work, ledger, inputs.previous?.stages ?? []);
  objective += more;
  const counted = countedTogether(fleet, work);
  const nodeLines = linesOfNodes(fleet, tools, before);
  const body = { apiVersion: "holon/v1", kind: "Plan", parent: inputs.previous?.hash ?? null, inputs: hashOfInputs(inputs, nodeLines, tools), atMs: inputs.nowMs, seed: inputs.seed, placements, unplaced, costPerMonth: money(objective, lost), moves, unknownValues: fleet.unknown, proved, ...(shifts.length === 0 ? {} : { shifts }), ...(stages.length === 0 ? {} : { stages }), ...(counted.length === 0 ? {} : { counted }) } as const;
  return { plan: { ...body, hash: hashOf(textOf(body), tools) }, inputs, fleet, work, ledger, objective, shares, nodeLines };
}

/** Of a small sum beside a large one no more digits are left than these. */
const money = (objective: number, lost: number): number => (lost === 0 ? Number(objective.toPrecision(12)) : Number((objective - lost).toFixed(6)));

/** What it would be at once is told of where it stood: so a better place counts as saved, too. */
function shiftThere({ runOn, nowMs }: Fleet, { unit, needs }: { readonly unit: string; readonly needs: UnitNeeds }, node: InventoryNode, from: InventoryNode | undefined, previous: Plan | undefined, curve: EnergyCurve | undefined): readonly PlannedShift[] {
  const shift = runOn(needs, node)?.shift;
  if (shift === undefined) return [];
  const before = previous?.shifts?.find((one) => one.unit === unit && one.node === node.name && one.arrivesMs === shift.arrivesMs);
  // Once there is work the node goes by what it was told; until then hours change for what is worth it.
  if (before !== undefined && (before.arrivesMs <= nowMs || isAsGood(before, shift, curve))) return [before];
  const there = from === undefined ? undefined : runOn(needs, from)?.shift.atOnce;
  return [{ ...shift, unit, node: node.name, ...(from === undefined || there === undefined || there === null ? { atOnceNode: node.name } : { atOnce: there, atOnceNode: from.name }) }];
}

const worthShare = 0.01;
function isAsGood(before: Shift, now: Shift, curve: EnergyCurve | undefined): boolean {
  if (before.deadlineMs !== now.deadlineMs || before.by !== now.by || now.planned === null || curve === undefined) return false;
  const then = meanOver(curve, before.windows);
  return then !== undefined && before.planned !== null && then - now.planned <= worthShare * Math.abs(now.planned);
}

/** Where each item stands in a plan; -1: nowhere. */
function placesOf(previous: Plan | undefined, fleet: Fleet, work: Work): Int32Array {
  const places = new Int32Array(work.items.length).fill(-1);
  for (const { unit, replica, node } of previous?.placements ?? []) {
    const first = work.indexOf.get(unit);
    if (first !== undefined && work.items[first + replica]?.unit === unit) places[first + replica] = fleet.indexOf.get(node) ?? -1;
  }
  return places;
}

const encoder = new TextEncoder();
const hashOf = (text: string, { sha256 }: PlanTools): string => toHex(sha256(encoder.encode(text)));

/** A document that is the same object has the same hash: most of an inventory is the same from plan to plan. */
const known = new WeakMap<object, string>();
function hashOfDocument(document: object, tools: PlanTools): string {
  let hash = known.get(document);
  if (hash === undefined) known.set(document, (hash = hashOf(canonicalJson(document), tools)));
  return hash;
}

const hashBytes = 64;
const lineBytes = hashBytes + 1;

/** A line for each node, in the order of names. Where a plan before is at hand, only the lines of documents that differ are written. */
function linesOfNodes(fleet: Fleet, tools: PlanTools, before: Planned | undefined): Uint8Array {
  const lines = before?.nodeLines.slice() ?? new Uint8Array(fleet.nodes.length * lineBytes).fill(newLine);
  for (const [index, node] of fleet.nodes.entries()) if (before?.fleet.nodes[index] !== node) encoder.encodeInto(hashOfDocument(node, tools), lines.subarray(index * lineBytes, index * lineBytes + hashBytes));
  return lines;
}

const newLine = 10;

function hashOfInputs({ policy, inventory, apps, nowMs, seed, previous, scope }: PlanInputs, nodeLines: Uint8Array, tools: PlanTools): string {
  const rest = canonicalJson({ nowMs, seed, previous: previous?.hash ?? null, scope: scope ?? "all" });
  const curves = inventory.curves === undefined ? [] : [hashOfDocument(inventory.curves, tools)];
  const head = encoder.encode(`${hashOfDocument(policy, tools)}\n`);
  const tail = encoder.encode([hashOfDocument(inventory.links, tools), ...curves, hashOfApps(apps, tools), rest].join("\n"));
  const bytes = new Uint8Array(head.length + nodeLines.length + tail.length);
  bytes.set(head);
  bytes.set(nodeLines, head.length);
  bytes.set(tail, head.length + nodeLines.length);
  return toHex(tools.sha256(bytes));
}

function hashOfApps(apps: readonly AppNeeds[], tools: PlanTools): string {
  let hash = known.get(apps);
  if (hash === undefined) known.set(apps, (hash = hashOf(apps.toSorted((a, b) => (a.app < b.app ? -1 : 1)).map((app) => hashOfDocument(app, tools)).join("\n"), tools)));
  return hash;
}

/** One line a decision, in the order of names: what a person compares, and what the plan's hash is of. */
export const planText = (plan: Plan): string => textOf(plan);

function textOf({ parent, inputs, atMs, seed, placements, unplaced, costPerMonth, moves, unknownValues, proved, shifts = [], stages = [], counted = [] }: Omit<Plan, "hash">): string {
  const lines = [
    "plan holon/v1",
    `parent ${parent ?? "none"}`,
    `inputs ${inputs}`,
    `made ${new Date(atMs).toISOString()} seed ${seed}`,
    `cost ${costPerMonth} a month, ${moves} moved, ${unknownValues} values unknown${proved ? ", none cheaper" : ""}`,
  ];
  for (const { unit, replica, node } of placements) lines.push(`place ${unit} ${replica} ${node}`);
  for (const { unit, replica } of unplaced) lines.push(`leave ${unit} ${replica}`);
  for (const shift of shifts) lines.push(`shift ${shift.unit} on ${shift.node}: ${shiftText(shift)}${shift.atOnceNode === shift.node ? "" : ` on ${shift.atOnceNode}`}`);
  for (const { model, nodes, groups } of counted) lines.push(`count ${model} ${nodes} nodes that ask as ${groups}`);
  for (const { model, node, here } of stages) lines.push(`stage ${model} ${here} ${node}`);
  return `${lines.join("\n")}\n`;
}

/** What changes from one plan to the next, one line a replica: `+` placed, `-` no longer, `~` moved; `@` where a job runs at other hours; `%` where more or less of a model is done on a node. */
export function diffPlans(before: Plan, after: Plan): readonly string[] {
  const key = ({ unit, replica }: Placement): string => `${unit} ${replica}`;
  const was = new Map(before.placements.map((placement) => [key(placement), placement.node]));
  const is = new Map(after.placements.map((placement) => [key(placement), placement.node]));
  const hours = (plan: Plan): ReadonlyMap<string, string> => new Map(plan.shifts?.map(({ unit, arrivesMs, windows }) => [unit, canonicalJson([arrivesMs, windows])]));
  const [ran, runs] = [hours(before), hours(after)];
  const shifted = after.shifts?.flatMap((shift) => (ran.get(shift.unit) === runs.get(shift.unit) ? [] : [`@ ${shift.unit} 0 ${shift.node}`])) ?? [];
  const did = new Map(before.stages?.map(({ model, node, here }) => [`${model} ${node}`, here]));
  const staged = after.stages?.flatMap(({ model, node, here }) => (did.get(`${model} ${node}`) === here ? [] : [`% ${model} ${here} ${node}`])) ?? [];
  const moved = [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((name) => {
    const [from, to] = [was.get(name), is.get(name)];
    if (from === to) return [];
    return from === undefined ? [`+ ${name} ${to}`] : to === undefined ? [`- ${name} ${from}`] : [`~ ${name} ${from} -> ${to}`];
  });
  return [...moved, ...shifted, ...staged];
}
