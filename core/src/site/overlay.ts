/**
 * Where the units that control left to a site are to run, as its lead sees it: pure. While control can be asked, or the homes that it chose are there, that is what control said. On an island
 * the planner of the fleet plans for the members that are there; where they have too little room, what is less urgent gives way.
 */
import type { Delegation, SpareId } from "../schema/delegation.ts";
import { compareIds } from "../schema/delegation.ts";
import type { AppNeeds, UnitNeeds } from "../schema/needs.ts";
import { placementPolicySchema } from "../schema/needs.ts";
import { explainChoice } from "../placement/explain.ts";
import { planAll, type Plan, type PlanTools } from "../placement/planner.ts";

export interface MemberView {
  readonly name: string;
  /** It is heard, and has been for a while. */
  readonly isThere: boolean;
  /** It has reached the document that delegates, so that it could run them. */
  readonly isReady: boolean;
  readonly units: Readonly<Record<string, { readonly spare: SpareId | null; readonly isWithheld: boolean }>>;
}

export interface SiteView {
  readonly delegation: Delegation;
  readonly members: readonly MemberView[];
  /** Who has been granted what, as far as the lead knows. */
  readonly holders: ReadonlyMap<string, string>;
  /** Nobody of the site is heard by control. */
  readonly isIsolated: boolean;
  /** What the lead decided before, under the same delegation. */
  readonly before: ReadonlyMap<string, Decided>;
  readonly nowMs: number;
}

export interface Decided {
  /** Null: nowhere. */
  readonly node: string | null;
  /** One line for people. */
  readonly because: string;
}

/** As a value, so that a test can plant a bug in one. */
export interface SitePlanner {
  /** What is to stand otherwise than control said. */
  decide(view: SiteView, tools: PlanTools): ReadonlyMap<string, Decided>;
}

export const sitePlanner: SitePlanner = {
  decide(view, tools) {
    const { delegation, members, isIsolated, before } = view;
    const there = new Set(members.filter(({ isThere }) => isThere).map(({ name }) => name));
    const isWhole = delegation.units.every(({ home }) => there.has(home));
    // With the homes there, or with control to ask and nothing decided, there is nothing to decide.
    if (isWhole || (!isIsolated && before.size === 0)) return new Map();
    const { homes, because } = planned(view, there, tools);
    const decided = new Map<string, Decided>();
    for (const { unit, home } of delegation.units) {
      const node = homes.get(unit) ?? null;
      if (node !== home) decided.set(unit, { node, because: because(unit, home) });
    }
    return decided;
  },
};

/** Where a unit is to run now. What nobody decided otherwise stays with who has it while its home is away. */
export function targetOf(unit: string, home: string, { before, holders, members }: Pick<SiteView, "before" | "holders" | "members">): string | null {
  const decided = before.get(unit);
  if (decided !== undefined) return decided.node;
  return members.some(({ name, isThere }) => name === home && isThere) ? home : (holders.get(unit) ?? home);
}

function planned(view: SiteView, there: ReadonlySet<string>, tools: PlanTools): { readonly homes: ReadonlyMap<string, string>; because(unit: string, home: string): string } {
  const { delegation, members, holders, nowMs } = view;
  const ready = new Set(members.filter(({ isThere, isReady }) => isThere && isReady).map(({ name }) => name));
  const nodes = delegation.members.map((member) => ({ ...member, state: ready.has(member.name) ? ("present" as const) : ("gone" as const), load: {}, speeds: {}, prices: {}, power: {} }));
  const stranded = new Map(delegation.units.flatMap(({ unit, home }) => {
    const at = strandedAt(unit, home, view, there);
    return at === undefined ? [] : [[unit, at] as const];
  }));
  const apps = appsOf(delegation, stranded);
  // A home that is there is where it stood, whoever has it for the moment: so it comes back.
  const placements = delegation.units.flatMap(({ unit, home }) => {
    const node = there.has(home) ? home : (holders.get(unit) ?? home);
    return [{ unit, replica: 0, node }];
  });
  const made = planAll({ policy, inventory: { nodes, links: [] }, apps, nowMs, seed: 1, previous: { ...noPlan, placements } }, tools);
  const homes = new Map(made.plan.placements.map(({ unit, node }) => [unit, node]));
  return {
    homes,
    because(unit, home) {
      const kept = stranded.get(unit);
      if (kept !== undefined) return `what it holds is at ${kept} alone, which is not heard: it waits`;
      const away = there.has(home) ? "" : `${home} is not heard for longer than its lease; `;
      const node = homes.get(unit);
      return `${away}${node === undefined ? `no member has room for it beside what is more urgent: ${explainChoice(made, unit, there.has(home) ? home : ([...ready][0] ?? home)).text}` : explainChoice(made, unit, node).text}`.slice(0, 512);
    },
  };
}

/** The node without which nobody knows what the unit holds. */
function strandedAt(unit: string, home: string, { members, holders }: SiteView, there: ReadonlySet<string>): string | undefined {
  let newest: { readonly spare: SpareId | null; readonly isWithheld: boolean } = { spare: null, isWithheld: false };
  for (const { name, units } of members) {
    const held = units[unit];
    if (there.has(name) && held !== undefined && compareIds(held.spare, newest.spare) > 0) newest = held;
  }
  const last = holders.get(unit) ?? home;
  return newest.isWithheld && !there.has(last) ? last : undefined;
}

/** What lies outside the site is no ground to choose within it. */
function appsOf({ site, units, flows }: Delegation, stranded: ReadonlyMap<string, string>): readonly AppNeeds[] {
  const byApp = new Map<string, UnitNeeds[]>();
  for (const { unit, needs } of units) {
    if (stranded.has(unit)) continue;
    const [app = ""] = unit.split("/");
    const { latencyMsMax: _, island: __, ...rest } = needs;
    const own: UnitNeeds = { ...rest, sources: needs.sources.filter((source) => source.site === site), effects: [], onTheWay: false };
    byApp.set(app, [...(byApp.get(app) ?? []), own]);
  }
  return [...byApp].map(([app, own]) => {
    const has = (name: string): boolean => own.some((unit) => unit.name === name);
    return { app, units: own, flows: (flows?.[app] ?? []).filter(({ from, to }) => has(from) && has(to)) };
  });
}

/** No member tells the lead its load: what was left to the site is given out as a whole. */
const policy = placementPolicySchema.parse({ loadUnknownShare: 0 });
const noPlan: Plan = { apiVersion: "holon/v1", kind: "Plan", parent: null, inputs: "", hash: "", atMs: 0, seed: 1, placements: [], unplaced: [], costPerMonth: 0, moves: 0, unknownValues: 0, proved: false };
