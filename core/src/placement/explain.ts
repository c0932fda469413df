/** Why a unit stands where it does, and not elsewhere: worked out anew from what the plan was made from, one line of plain words. */
import type { Fleet } from "./fleet.ts";
import { isBound, type Ledger } from "./ledger.ts";
import type { Planned } from "./planner.ts";
import { shiftText } from "../shifting/job.ts";
import { costBetween, costOf, hasAccelerator, moveCost, prefersNone, print, whyNever, whyOutOfBounds, type Cost, type Item, type Refusal } from "./work.ts";

export type Reason = Refusal["reason"] | "only" | "cheapest" | "dearer" | "moving" | "unknown-unit" | "unknown-node" | "not-better" | "lead";

export interface Explanation {
  readonly verdict: "chosen" | "rejected";
  readonly reason: Reason;
  /** One line. */
  readonly text: string;
}

/** Of this replica; without one of that which stands there, or else of the first. */
export function explainChoice(planned: Planned, unit: string, nodeName: string, replica?: number): Explanation {
  const { fleet, work, ledger } = planned;
  const first = work.indexOf.get(unit);
  const node = fleet.indexOf.get(nodeName);
  const place = node === undefined ? undefined : fleet.nodes[node];
  if (first === undefined) return rejected("unknown-unit", `There is no unit ${unit} in this plan.`);
  if (node === undefined || place === undefined) return rejected("unknown-node", `There is no node ${nodeName} in this plan.`);
  const replicas = [first, ...(work.items[first]?.siblings ?? [])];
  const index = replica === undefined ? (replicas.find((each) => ledger.at[each] === node) ?? first) : first + replica;
  const item = work.items[index];
  if (item === undefined) return rejected("unknown-unit", `There is no unit ${unit} in this plan.`);
  if (ledger.at[index] === node) return withShift(planned, item, whyChosen(planned, index, item, nodeName, node));
  const refusal = whyNever(item.needs, place) ?? whyOutOfBounds(fleet, item, node) ?? whyBound(planned, item, node) ?? whyNoRoom(planned, index, item, node);
  if (refusal !== undefined) return rejected(refusal.reason, `${unit} is not on ${nodeName}: ${refusal.text}.`);
  return whyDearer(planned, index, item, nodeName, node);
}

function whyBound({ fleet, inputs }: Planned, item: Item, node: number): Refusal | undefined {
  const before = inputs.previous?.placements.find(({ unit, replica }) => unit === item.unit && replica === item.replica)?.node;
  return before !== undefined && isBound(fleet, item, fleet.indexOf.get(before) ?? -1, node) ? { reason: "busy", text: `a run of it is under way on ${before}` } : undefined;
}

/** Of a job: when its run is done, and what that saves. */
function withShift({ plan }: Planned, { unit }: Item, explanation: Explanation): Explanation {
  const shift = plan.shifts?.find((one) => one.unit === unit);
  if (shift === undefined) return explanation;
  const where = shift.atOnceNode === shift.node ? "" : ` on ${shift.atOnceNode}`;
  return { ...explanation, text: `${explanation.text.replace(/\.$/, "")}; ${shiftText(shift)}${where}.` };
}

const rejected = (reason: Reason, text: string): Explanation => ({ verdict: "rejected", reason, text });

function whyChosen({ fleet, ledger }: Planned, index: number, item: Item, name: string, node: number): Explanation {
  const cost = ledger.with(index, node);
  let next: number | undefined;
  let nextCost = Number.POSITIVE_INFINITY;
  for (const other of item.kind.inOrder) {
    if (other === node || ledger.alone(index, other) >= nextCost || !ledger.fits(index, other)) continue;
    const otherCost = ledger.with(index, other);
    if (otherCost < nextCost) [next, nextCost] = [other, otherCost];
  }
  if (next === undefined) return { verdict: "chosen", reason: "only", text: `${item.unit} is on ${name}: no other node may run it and has room.` };
  const nextName = fleet.nodes[next]?.name ?? "";
  if (nextCost < cost) return { verdict: "chosen", reason: "not-better", text: `${item.unit} is on ${name}: alone it would cost ${print(cost - nextCost)} less a month on ${nextName}, but not the plan as a whole.` };
  return { verdict: "chosen", reason: "cheapest", text: `${item.unit} is on ${name}: it costs ${print(cost)} a month there, ${print(nextCost - cost)} less than on ${nextName}, the next best.` };
}

/** As it stands in the plan: what else is on the node. */
function whyNoRoom({ fleet, ledger }: Planned, index: number, item: Item, node: number): Refusal | undefined {
  const { needs } = item;
  if (ledger.crowds(index, node)) return { reason: "spread", text: `another replica is on the same ${needs.spread}, and replicas are spread by ${needs.spread}` };
  if (ledger.fits(index, node)) return undefined;
  const capacity = fleet.nodes[node]?.capacity;
  const unknown = (what: string): Refusal => ({ reason: "capacity", text: `${what} is unknown` });
  if (fleet.aged[node] === 1) return { reason: "capacity", text: `what it has was told last ${Math.floor((fleet.nowMs - (capacity?.asOfMs ?? 0)) / 86_400_000)} days ago, and is taken for unknown` };
  const assumed = fleet.loadUnknown[node] === 1 ? `; how much of it is in use is unknown, and ${Math.round(fleet.policy.loadUnknownShare * 100)} % are taken for it` : "";
  const has = (left: number, asked: number, what: string): Refusal | undefined => (left + 1e-9 < asked ? { reason: "capacity", text: `it has ${print(Math.max(0, left))} ${what} left, and the unit needs ${print(asked)}${assumed}` } : undefined);
  const memory = 2 ** 20;
  const accelerators = needs.accelerator === undefined ? 0 : ledger.acceleratorsOf(node).filter((milli) => milli >= (needs.accelerator?.milli ?? 0)).length;
  return (
    (capacity?.processors === undefined && needs.processors > 0 ? unknown("how many processors it has") : undefined) ??
    (capacity?.memoryBytes === undefined && needs.memoryBytes > 0 ? unknown("how much memory it has") : undefined) ??
    has(ledger.processors[node] ?? 0, needs.processors, "processors") ??
    has((ledger.memoryBytes[node] ?? 0) / memory, needs.memoryBytes / memory, "MiB of memory") ??
    (needs.accelerator?.need === "required" && hasAccelerator(needs, fleet.nodes[node] ?? never()) ? has(accelerators, needs.accelerator.count, "accelerators with room for it") : undefined) ??
    { reason: "capacity", text: `it has too little disk left, and the unit needs ${print(needs.diskBytes / memory)} MiB` }
  );
}

const words: Readonly<Record<keyof Cost, string>> = { rent: "rent", energy: "energy", carbon: "carbon", latency: "latency", egress: "egress", hardware: "keeping accelerators for what needs them", questions: "what is asked of it, cut where that is cheapest" };

function whyDearer({ fleet, ledger, work, inputs }: Planned, index: number, item: Item, name: string, node: number): Explanation {
  const at = ledger.at[index] ?? -1;
  if (at < 0) return rejected("capacity", `${item.unit} is not on ${name}: room there was given to what is more urgent.`);
  const [there, here] = [partsOf(fleet, ledger, work.items, item, node, prefersNone(fleet, item, node)), partsOf(fleet, ledger, work.items, item, at, ledger.without[index] === 1)];
  const more = new Map([...there].map(([part, cost]): [string, number] => [part, cost - (here.get(part) ?? 0)]));
  const onward = [...more.values()].reduce((sum, each) => sum + each, 0);
  const stoodHere = inputs.previous?.placements.some(({ unit, replica, node: before }) => unit === item.unit && replica === item.replica && before === fleet.nodes[at]?.name) === true;
  const moving = stoodHere ? moveCost(fleet, item.needs) : 0;
  const hereName = fleet.nodes[at]?.name ?? "";
  if (onward < 0 && onward + moving >= 0) return rejected("moving", `${item.unit} is not on ${name}: it would cost ${print(-onward)} less a month there than on ${hereName}, but moving costs ${print(moving)}.`);
  if (onward + moving < 0) return rejected("not-better", `${item.unit} is not on ${name}: alone it would cost ${print(-onward - moving)} less a month there than on ${hereName}, but the plan as a whole would not, or it was not looked at.`);
  const [main] = [...more].sort(([, a], [, b]) => b - a);
  return rejected("dearer", `${item.unit} is not on ${name}: it would cost ${print(onward)} more a month there than on ${hereName}, most of it ${main?.[0] ?? "rent"} (${print(main?.[1] ?? 0)}).`);
}

/** A month there by what it goes for, flows included. */
function partsOf(fleet: Fleet, ledger: Ledger, items: readonly Item[], item: Item, node: number, without: boolean): Map<string, number> {
  const cost = costOf(fleet, item, node, without);
  const parts = new Map<string, number>([[words.rent, cost.rent], [words.energy, cost.energy], [words.carbon, cost.carbon], [words.latency, cost.latency], [words.egress, cost.egress], [words.hardware, cost.hardware], [words.questions, cost.questions]]);
  for (const flow of item.flows) {
    const at = ledger.at[flow.item] ?? -1;
    if (at < 0) continue;
    const part = `data exchanged with ${items[flow.item]?.unit ?? ""}`;
    parts.set(part, (parts.get(part) ?? 0) + costBetween(fleet, node, at, flow));
  }
  return parts;
}

function never(): never {
  throw new RangeError("a node is known");
}
