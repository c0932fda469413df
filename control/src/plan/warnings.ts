/** What of an app is taken as it stands, and is hardly what its author means, or not what he gets now: by its document, and by the plan that follows from it. */
import { explainChoice } from "@holon/core/placement/explain.ts";
import { whatIsLost } from "@holon/core/placement/explain-passing.ts";
import { lostAt, lostBetween, missedOn, untakenOn } from "@holon/core/placement/passing.ts";
import type { Planned } from "@holon/core/placement/planner.ts";
import { siteMembersMin } from "@holon/core/placement/site-members.ts";
import { warningsOfApp } from "@holon/core/placement/warnings-of-app.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { ControlState } from "../store/fold.ts";
import { membersOf } from "./delegation.ts";
import type { Proposal } from "./planner.ts";

/** One line each, for people. */
export function warningsOf(document: AppDocument, state: ControlState, proposal: Proposal | undefined): readonly string[] {
  const own = warningsOfApp(document);
  if (proposal === undefined) return own;
  const { planned } = proposal;
  const before = state.apps.get(document.name)?.document;
  const waiting = planned.plan.unplaced.flatMap(({ unit, replica }) => {
    const nodes = awaited(planned, before, unit, replica);
    return nodes.length === 0 ? [] : [`${unit}${replica === 0 ? "" : ` (replica ${replica})`} stands nowhere until ${nodes.join(" or ")} is present again, which is silent: as before`];
  });
  const homes = new Map(planned.plan.placements.map(({ unit, node }) => [unit, node] as const));
  const alone = document.functions.flatMap(({ name, needs }) => {
    const why = needs?.delegated === true ? notLeft(state, homes.get(`${document.name}/${name}`)) : undefined;
    return why === undefined ? [] : [`function ${name} is \`delegated\`, and ${why}`];
  });
  return [...own, ...alone, ...lost(planned, document.name), ...lostElsewhere(proposal, document.name), ...waiting];
}

/** Units of other apps that this drives to where less comes, or out. */
function lostElsewhere({ planned: { fleet, work, ledger }, before }: Proposal, app: string): readonly string[] {
  const stood = new Map(before?.placements.map(({ unit, replica, node }) => [`${unit} ${replica}`, node]));
  return work.items.flatMap((item, index) => {
    const old = stood.get(`${item.unit} ${item.replica}`);
    const [from, to] = [fleet.indexOf.get(old ?? "") ?? -1, ledger.at[index] ?? -1];
    if (old === undefined || from < 0 || from === to || item.unit.startsWith(`${app}/`)) return [];
    const called = `${item.unit}${item.replica === 0 ? "" : ` (replica ${item.replica})`}`;
    if (to < 0) return [`${called} was on ${old}, and stands nowhere any more: room is given to what is more urgent, or no node may run it`];
    if (lostAt(fleet, item, ledger.at, to) <= lostAt(fleet, item, ledger.at, from)) return [];
    return [`${called} moves from ${old} to ${fleet.nodes[to]?.name}: ${whatIsLost(fleet, work.items, ledger.at, item, to)}`];
  });
}

/** What is handed to nobody: no bound forbids such a place, and nothing else would say it. What comes to one replica is handed. */
function lost({ fleet, work, ledger }: Planned, app: string): readonly string[] {
  return work.items.flatMap((item, index) => {
    const node = ledger.at[index] ?? -1;
    if (node < 0 || !item.unit.startsWith(`${app}/`)) return [];
    const others = item.siblings.flatMap((other) => ((ledger.at[other] ?? -1) < 0 ? [] : [ledger.at[other] ?? -1]));
    const makers = item.makers.filter((maker) => others.every((other) => missedOn(fleet, { makers: [maker] }, other).length > 0));
    const takers = item.takers.filter((taker) => others.every((other) => untakenOn(fleet, { takers: [taker] }, other).length > 0));
    // of a flow it is told once, by who takes
    const flows = item.flows.filter((flow) => flow.gives === (flow.way === "asks") && others.every((other) => lostBetween(fleet, other, ledger.at[flow.item] ?? other, flow) > 0));
    const text = whatIsLost(fleet, work.items, ledger.at, { ...item, makers, takers, flows }, node);
    return text === undefined ? [] : [`${item.unit}${item.replica === 0 ? "" : ` (replica ${item.replica})`} is on ${fleet.nodes[node]?.name}: ${text}`];
  });
}

/** Why a delegated unit on that node is not left to its site; undefined where it is, or stands nowhere. */
export function notLeft(state: Pick<ControlState, "nodes">, home: string | undefined): string | undefined {
  if (home === undefined || membersOf(state, home) !== undefined) return undefined;
  return `site ${state.nodes.get(home)?.site ?? ""} does not decide on it: that takes ${siteMembersMin} members or more that all name each other as \`siblings\`. Where ${home} is cut off for longer than its lease, it stops`;
}

/** Silent nodes that may run a replica that was deployed before, and that nobody else has room for: no reason to keep the rest of its app from being deployed. */
export function awaited(planned: Planned, before: AppDocument | undefined, unit: string, replica: number): readonly string[] {
  const isOld = [...(before?.functions ?? []), ...(before?.models ?? [])].some(({ name, needs }) => needs !== undefined && unit === `${before?.name ?? ""}/${name}`);
  if (!isOld) return [];
  return planned.fleet.nodes.flatMap(({ name, state }) => (state === "silent" && explainChoice(planned, unit, name, replica).reason === "silent" ? [name] : []));
}
