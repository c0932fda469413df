/** What does not come to a place, or from it to where it is handed, for people. */
import { limits } from "../limits.ts";
import type { Fleet } from "./fleet.ts";
import { hindranceOf, lostBetween, missedOn, untakenOn, type Hindrance, type Maker } from "./passing.ts";
import type { Flow, Item } from "./work.ts";

/** One line, without the unit and without a stop; undefined where all comes. */
export function whatIsLost(fleet: Fleet, items: readonly Item[], at: ArrayLike<number>, item: Item, node: number): string | undefined {
  const nameOf = (index: number): string => fleet.nodes[index]?.name ?? "";
  const ofFlows = item.flows.flatMap((flow) => {
    const other = at[flow.item] ?? -1;
    const isPart = item.flows.filter((each) => each.item === flow.item && each.gives === flow.gives && each.way !== "asks").length > 1;
    return other < 0 || lostBetween(fleet, node, other, flow) === 0 ? [] : [`${isPart ? "a part of " : ""}${ofFlow(fleet, flow, items[flow.item]?.unit ?? "", node, other)}`];
  });
  const ofTakers = untakenOn(fleet, item, node).map(({ unit, tier }) => `what it makes does not come to ${item.unit.split("/")[0] ?? ""}/${unit}: that runs on every node of tier ${tier}, and is handed what is made on the same node`);
  const told = [...new Set([...ofFlows, ...ofMakers(fleet, item, node), ...ofTakers])];
  return told.length === 0 ? undefined : told.join("; ");

  /** Those of which nothing comes for the same reason are told together. */
  function ofMakers(on: Fleet, { makers }: Pick<Item, "makers">, to: number): readonly string[] {
    const missed = missedOn(on, { makers }, to);
    const reasonOf = (maker: Maker): Hindrance | undefined => hindranceOf(on, maker, maker.node, to);
    const those = (isOne: (maker: Maker, why: Hindrance | undefined) => boolean): Those => {
      const found = missed.filter((maker) => isOne(maker, reasonOf(maker)));
      return { names: [...new Set(found.map((maker) => nameOf(maker.node)))], length: found.reduce((sum, { like }) => sum + like, 0) };
    };
    const here = nameOf(to);
    const [up, asking, kept] = [those(({ way }, why) => way !== "asks" && why === "aside"), those(({ way }) => way === "asks"), those((_, why) => why === "stays")];
    const ends = new Set(missed.flatMap((maker) => untilOf(reasonOf(maker))));
    return [
      ...(up.length === 0 ? [] : [`what is made for it on ${listed(up)} does not come to ${here}, which is not above ${up.length === 1 ? "it" : "them"}`]),
      ...(asking.length === 0 ? [] : [`questions from ${listed(asking)} do not come to ${here}, which is not above ${asking.length === 1 ? "it" : "them"} nor of ${asking.length === 1 ? "its" : "their"} site`]),
      ...(kept.length === 0 ? [] : [`what is made for it on ${listed(kept)} does not come to ${here}: it leaves no node`]),
      ...[...ends].map((end) => `what is made for it on ${listed(those((_, why) => untilOf(why)[0] === end))} does not come to ${here}: the policy lets it go no higher than ${nameOf(end)}`),
    ];
  }
}

const untilOf = (why: Hindrance | undefined): readonly number[] => (typeof why === "object" ? [why.until] : []);

function ofFlow(fleet: Fleet, flow: Flow, other: string, node: number, at: number): string {
  const [here, there] = [fleet.nodes[node]?.name ?? "", fleet.nodes[at]?.name ?? ""];
  const [from, to] = flow.gives ? [here, there] : [there, here];
  const hindrance = flow.gives ? hindranceOf(fleet, flow, node, at) : hindranceOf(fleet, flow, at, node);
  const why =
    typeof hindrance === "object" ? `the policy lets it go no higher than ${fleet.nodes[hindrance.until]?.name ?? ""}`
    : hindrance === "stays" ? "it leaves no node"
    : hindrance === "sites" ? `${from} is of none of the sites that ${flow.gives ? other : "it"} names as its sources`
    : `${to} is not above ${from}${flow.way === "asks" ? " nor of its site" : ""}`;
  if (flow.way === "asks") return flow.gives ? `its questions to ${other} do not come to ${there}: ${why}` : `questions of ${other} do not come from ${there} to ${here}: ${why}`;
  return flow.gives ? `what it makes does not come to ${other} on ${there}: ${why}` : `what ${other} makes on ${there} does not come to ${here}: ${why}`;
}

/** `length`: with those that they stand for; of these one may be where it comes after all. */
interface Those {
  readonly names: readonly string[];
  readonly length: number;
}

function listed({ names, length }: Those): string {
  const shown = names.slice(0, limits.planReasonsMax);
  return length > shown.length ? `${shown.join(", ")} and ${length > names.length ? "up to " : ""}${length - shown.length} more` : shown.join(" and ");
}
