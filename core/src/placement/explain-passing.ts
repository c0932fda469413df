/** What does not come to a place, or from it to where it is handed, for people. */
import { limits } from "../limits.ts";
import type { Fleet } from "./fleet.ts";
import { lostBetween, missedOn } from "./passing.ts";
import type { Flow, Item } from "./work.ts";

/** One line, without the unit and without a stop; undefined where all comes. */
export function whatIsLost(fleet: Fleet, items: readonly Item[], at: ArrayLike<number>, item: Item, node: number): string | undefined {
  const nameOf = (index: number): string => fleet.nodes[index]?.name ?? "";
  const madeBy = (stays: boolean): readonly string[] => missedOn(fleet, { makers: item.makers.filter(({ here }) => here === stays) }, node).map(nameOf);
  const [up, kept] = [madeBy(false), madeBy(true)];
  const ofFlows = item.flows.flatMap((flow) => {
    const other = at[flow.item] ?? -1;
    return other < 0 || lostBetween(fleet, node, other, flow) === 0 ? [] : [ofFlow(flow, items[flow.item]?.unit ?? "", nameOf(other), nameOf(node))];
  });
  const ofMakers = up.length === 0 ? [] : [`what is made for it on ${listed(up)} does not come to ${nameOf(node)}, which is not above ${up.length === 1 ? "it" : "them"}`];
  const ofKept = kept.length === 0 ? [] : [`what is made for it on ${listed(kept)} does not come to ${nameOf(node)}: it leaves no node`];
  const told = [...new Set([...ofFlows, ...ofMakers, ...ofKept])];
  return told.length === 0 ? undefined : told.join("; ");
}

function ofFlow({ way, gives }: Flow, other: string, there: string, here: string): string {
  const [from, to] = gives ? [here, there] : [there, here];
  const why = way === "here" ? "it leaves no node" : `${to} is not above ${from}${way === "asks" ? " nor of its site" : ""}`;
  if (way === "asks") return gives ? `its questions to ${other} do not come to ${there}: ${why}` : `questions of ${other} do not come from ${there} to ${here}: ${why}`;
  return gives ? `what it makes does not come to ${other} on ${there}: ${why}` : `what ${other} makes on ${there} does not come to ${here}: ${why}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, limits.planReasonsMax);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(" and ");
}
