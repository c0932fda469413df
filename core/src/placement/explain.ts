/** Why a unit stands where it does, and not elsewhere: worked out anew from what the plan was made from, one line of plain words. */
import { limits } from "../limits.ts";
import type { Fleet } from "./fleet.ts";
import { isBound, type Ledger } from "./ledger.ts";
import type { Planned } from "./planner.ts";
import { shiftText } from "../shifting/job.ts";
import { hasAccelerator } from "./devices.ts";
import { costOf, type Cost } from "./month.ts";
import { whatIsLost } from "./explain-passing.ts";
import { lostAt, lostBetween } from "./passing.ts";
import { standInsOf } from "./stand-ins.ts";
import { costBetween, moveCost, prefersNone, print, whyNever, whyNotNow, whyOutOfBounds, type Item, type Refusal } from "./work.ts";

export type Reason = Refusal["reason"] | "only" | "cheapest" | "dearer" | "moving" | "unknown-unit" | "unknown-node" | "not-better" | "same" | "lead";

export interface Explanation {
  readonly verdict: "chosen" | "rejected";
  readonly reason: Reason;
  /** One line. */
  readonly text: string;
}

/** Of this replica; without one of that which stands there, or else of one that stands nowhere, or else of the first. */
export function explainChoice(planned: Planned, unit: string, nodeName: string, replica?: number): Explanation {
  const { fleet, work, ledger } = planned;
  const first = work.indexOf.get(unit);
  const node = fleet.indexOf.get(nodeName);
  const place = node === undefined ? undefined : fleet.nodes[node];
  if (first === undefined) return rejected("unknown-unit", `There is no unit ${unit} in this plan.`);
  if (node === undefined || place === undefined) return rejected("unknown-node", `There is no node ${nodeName} in this plan: when it was made, none of that name was known.`);
  const replicas = [first, ...(work.items[first]?.siblings ?? [])];
  const index = replica === undefined ? (replicas.find((each) => ledger.at[each] === node) ?? replicas.find((each) => (ledger.at[each] ?? -1) < 0) ?? first) : first + replica;
  const item = work.items[index];
  if (item === undefined) return rejected("unknown-unit", `There is no unit ${unit} in this plan.`);
  if (ledger.at[index] === node) return withShift(planned, item, withStandIns(planned, item, [node], withLost(planned, item, node, whyChosen(planned, index, item, nodeName, node))));
  const refusal = whyNever(item.needs, place) ?? whyOutOfBounds(fleet, item, node) ?? whyNotNow(place) ?? whyBound(planned, item, node) ?? whyNoRoom(planned, index, item, node) ?? whyLost(planned, index, item, node);
  if (refusal !== undefined) return rejected(refusal.reason, `${unit} is not on ${nodeName}: ${refusal.text}.`);
  return withStandIns(planned, item, [node, ledger.at[index] ?? -1], whyDearer(planned, index, item, nodeName, node));
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

/** Where less would come than comes where it stands. */
function whyLost({ fleet, work, ledger }: Planned, index: number, item: Item, node: number): Refusal | undefined {
  const at = ledger.at[index] ?? -1;
  if (at < 0 || lostAt(fleet, item, ledger.at, node) <= lostAt(fleet, item, ledger.at, at)) return undefined;
  const text = whatIsLost(fleet, work.items, ledger.at, item, node);
  return text === undefined ? undefined : { reason: "way", text };
}

/** Of where it stands, what does not come there all the same. */
function withLost({ fleet, work, ledger }: Planned, item: Item, node: number, explanation: Explanation): Explanation {
  const text = whatIsLost(fleet, work.items, ledger.at, item, node);
  return text === undefined ? explanation : { ...explanation, text: `${explanation.text.replace(/\.$/, "")}; ${text}.` };
}

const ofCost: ReadonlySet<Reason> = new Set(["cheapest", "dearer", "moving", "not-better", "same"]);

/** A figure that rests on a price that nobody knows is told as one. */
function withStandIns({ fleet }: Planned, item: Item, nodes: readonly number[], explanation: Explanation): Explanation {
  if (!ofCost.has(explanation.reason)) return explanation;
  const told = nodes.flatMap((node) => {
    const lacking = standInsOf(fleet, item, node);
    return lacking.length === 0 ? [] : [`what ${lacking.join(" and ")} cost${lacking.length === 1 ? "s" : ""} on ${fleet.nodes[node]?.name} is unknown, and the dearest that is known of the fleet counts`];
  });
  return told.length === 0 ? explanation : { ...explanation, text: `${explanation.text.replace(/\.$/, "")}; ${told.join("; ")}.` };
}

const rejected = (reason: Reason, text: string): Explanation => ({ verdict: "rejected", reason, text });

function whyChosen({ fleet, ledger, work }: Planned, index: number, item: Item, name: string, node: number): Explanation {
  const lost = lostAt(fleet, item, ledger.at, node);
  const cost = ledger.with(index, node);
  let next: number | undefined;
  let nextCost = Number.POSITIVE_INFINITY;
  for (const other of item.kind.inOrder) {
    if (other === node || ledger.alone(index, other) >= nextCost || !ledger.fits(index, other)) continue;
    const otherCost = ledger.with(index, other);
    if (otherCost < nextCost) [next, nextCost] = [other, otherCost];
  }
  if (next === undefined) return { verdict: "chosen", reason: "only", text: `${item.unit} is on ${name}: ${whyOnly(fleet, ledger, index, item, node)}.` };
  const nextName = fleet.nodes[next]?.name ?? "";
  if (isSame(cost, nextCost)) return { verdict: "chosen", reason: "same", text: `${item.unit} is on ${name}: it costs ${print(cost - ledger.moving(index, node) - lost)} a month there, as much as on ${nextName}; of places that cost the same, one is taken.` };
  const lostThere = lostAt(fleet, item, ledger.at, next);
  if (nextCost < cost && lostThere < lost) return { verdict: "chosen", reason: "not-better", text: `${item.unit} is on ${name}: alone it would miss less on ${nextName}, but the plan as a whole would not be better, or it was not looked at.` };
  if (nextCost < cost) return { verdict: "chosen", reason: "not-better", text: `${item.unit} is on ${name}: alone it would cost ${print(cost - nextCost)} less a month on ${nextName}, but the plan as a whole would not, or it was not looked at.` };
  if (lostThere > lost) return { verdict: "chosen", reason: "cheapest", text: `${item.unit} is on ${name}: it costs ${print(cost - ledger.moving(index, node) - lost)} a month there; of ${nextName}, the next best, ${whatIsLost(fleet, work.items, ledger.at, item, next) ?? ""}.` };
  // A move costs once, and is no part of what a month there costs.
  const [here, there] = [ledger.moving(index, node), ledger.moving(index, next)];
  const more = nextCost - there - lostThere - (cost - here - lost);
  const move = there > 0 ? `, and moving there costs ${print(there)}` : "";
  if (more < 0 && !isSame(more, 0)) return { verdict: "chosen", reason: "moving", text: `${item.unit} is on ${name}: it would cost ${print(-more)} less a month on ${nextName}, the next best, but moving there costs ${print(there)}.` };
  return { verdict: "chosen", reason: "cheapest", text: `${item.unit} is on ${name}: it costs ${print(cost - here - lost)} a month there, ${isSame(more, 0) ? `as much as on ${nextName}` : `${print(more)} less than on ${nextName}`}, the next best${move}.` };
}

/** Where there is room, and another replica is too near, nobody is to think that the node is full. */
function whyOnly(fleet: Fleet, ledger: Ledger, index: number, item: Item, node: number): string {
  const crowded = [...item.kind.inOrder].filter((other) => other !== node && Number.isFinite(ledger.alone(index, other)) && ledger.crowds(index, other)).map((other) => fleet.nodes[other]?.name ?? "");
  if (crowded.length === 0) return "no other node may run it and has room";
  const shown = crowded.slice(0, limits.planReasonsMax).sort();
  return `replicas are spread by ${item.needs.spread}, and every other node that may run it and has room is too near another replica: ${shown.join(", ")}${crowded.length > shown.length ? ` and ${crowded.length - shown.length} more` : ""}`;
}

/** Sums of the same in another order differ in their last digits. */
const isSame = (one: number, other: number): boolean => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one), Math.abs(other));

/** As it stands in the plan: what else is on the node. */
function whyNoRoom({ fleet, ledger }: Planned, index: number, item: Item, node: number): Refusal | undefined {
  const { needs } = item;
  if (ledger.crowds(index, node)) return { reason: "spread", text: `another replica is on the same ${needs.spread}, and replicas are spread by ${needs.spread}` };
  if (ledger.fits(index, node)) return undefined;
  const capacity = fleet.nodes[node]?.capacity;
  const unknown = (what: string): Refusal => ({ reason: "capacity", text: `${what} is unknown` });
  if (fleet.aged[node] === 1) return { reason: "capacity", text: `what it has was told last ${Math.floor((fleet.nowMs - (capacity?.asOfMs ?? 0)) / 86_400_000)} days ago, and is taken for unknown` };
  const assumed = (isUnknown: number | undefined): string => (isUnknown === 1 ? `; how much of it is in use is unknown, and ${Math.round(fleet.policy.loadUnknownShare * 100)} % are taken for it` : "");
  const has = (left: number, asked: number, what: string, unit: string, isUnknown?: number): Refusal | undefined => {
    if (left + 1e-9 >= asked) return undefined;
    const [rest, wish] = apart(left < 1e-9 ? 0 : left, asked);
    return { reason: "capacity", text: `it has ${rest} ${unit}${what} left, and the unit needs ${wish}${unit === "" ? "" : ` ${unit.trim()}`}${assumed(isUnknown)}` };
  };
  const mebibyte = 2 ** 20;
  const accelerators = needs.accelerator === undefined ? 0 : ledger.acceleratorsOf(node).filter((milli) => milli >= (needs.accelerator?.milli ?? 0)).length;
  return (
    (capacity?.processors === undefined && needs.processors > 0 ? unknown("how many processors it has") : undefined) ??
    (capacity?.memoryBytes === undefined && needs.memoryBytes > 0 ? unknown("how much memory it has") : undefined) ??
    (capacity?.diskBytes === undefined && needs.diskBytes > 0 ? unknown("how much disk it has") : undefined) ??
    has(ledger.processors[node] ?? 0, needs.processors, "processors", "", fleet.loadUnknown.processors[node]) ??
    has((ledger.memoryBytes[node] ?? 0) / mebibyte, needs.memoryBytes / mebibyte, "of memory", "MiB ", fleet.loadUnknown.memoryBytes[node]) ??
    has((ledger.diskBytes[node] ?? 0) / mebibyte, needs.diskBytes / mebibyte, "of disk", "MiB ") ??
    (needs.accelerator?.need === "required" && hasAccelerator(needs, fleet.nodes[node] ?? never()) ? has(accelerators, needs.accelerator.count, "accelerators with room for it", "") : undefined) ??
    { reason: "capacity", text: "there is no room for it beside what stands there" }
  );
}

/** Two amounts as people read them, with as many digits as tell them apart. */
function apart(less: number, more: number): readonly [string, string] {
  const rounded = [print(less), print(more)] as const;
  return rounded[0] === rounded[1] ? [String(less), String(more)] : rounded;
}

const words: Readonly<Record<keyof Cost, string>> = { rent: "rent", energy: "energy", carbon: "carbon", latency: "latency", egress: "egress", hardware: "keeping accelerators for what needs them", questions: "what is asked of it, cut where that is cheapest", missed: "what does not come there" };

function whyDearer({ fleet, ledger, work, inputs }: Planned, index: number, item: Item, name: string, node: number): Explanation {
  const at = ledger.at[index] ?? -1;
  if (at < 0) return rejected("capacity", `${item.unit} is not on ${name}: room there was given to what is more urgent.`);
  if (lostAt(fleet, item, ledger.at, node) < lostAt(fleet, item, ledger.at, at)) return rejected("not-better", `${item.unit} is not on ${name}: alone it would miss less there than on ${fleet.nodes[at]?.name ?? ""}, but the plan as a whole would not be better, or it was not looked at.`);
  const [there, here] = [partsOf(fleet, ledger, work.items, item, node, prefersNone(fleet, item, node)), partsOf(fleet, ledger, work.items, item, at, ledger.without[index] === 1)];
  const more = new Map([...there].map(([part, cost]): [string, number] => [part, cost - (here.get(part) ?? 0)]));
  const onward = [...more.values()].reduce((sum, each) => sum + each, 0);
  const stoodHere = inputs.previous?.placements.some(({ unit, replica, node: before }) => unit === item.unit && replica === item.replica && before === fleet.nodes[at]?.name) === true;
  const moving = stoodHere ? moveCost(fleet, item.needs) : 0;
  const hereName = fleet.nodes[at]?.name ?? "";
  if (onward < 0 && !isSame(onward, 0) && onward + moving >= 0) return rejected("moving", `${item.unit} is not on ${name}: it would cost ${print(-onward)} less a month there than on ${hereName}, but moving costs ${print(moving)}.`);
  if (onward + moving < 0 && !isSame(onward + moving, 0)) return rejected("not-better", `${item.unit} is not on ${name}: alone it would cost ${print(-onward - moving)} less a month there than on ${hereName}, but the plan as a whole would not, or it was not looked at.`);
  if (isSame(onward, 0)) return rejected("same", `${item.unit} is not on ${name}: it would cost as much a month there as on ${hereName}${moving > 0 ? `, where it stands already, and moving costs ${print(moving)}` : "; of places that cost the same, one is taken"}.`);
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
    parts.set(part, (parts.get(part) ?? 0) + costBetween(fleet, node, at, flow) - lostBetween(fleet, node, at, flow));
  }
  return parts;
}

function never(): never {
  throw new RangeError("a node is known");
}
