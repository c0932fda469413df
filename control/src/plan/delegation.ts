/** What control leaves to the lead of a site: units with `delegated` that are placed on a member of a site that can have a lead. All members are told the same. */
import { canonicalJson } from "@holon/core/json.ts";
import { inventoryNodeOf } from "@holon/core/placement/inventory.ts";
import { agreedMembers } from "@holon/core/placement/site-members.ts";
import { delegationSchema, type Delegation } from "@holon/core/schema/delegation.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { AppNeeds, UnitNeeds } from "@holon/core/schema/needs.ts";
import type { ControlState } from "../store/fold.ts";
import type { Holder } from "./holders.ts";
import type { Leaving } from "./leaving.ts";
import type { Move } from "./moving.ts";
import { parentIn } from "./passes.ts";
import type { KnownStanding } from "./standing.ts";
import { steady } from "./steady.ts";

/** Members of the site of a node, as all of them say; undefined where they do not agree, or are too few. */
export const membersOf = ({ nodes }: Pick<ControlState, "nodes">, name: string): readonly string[] | undefined =>
  agreedMembers(name, (node) => {
    const known = nodes.get(node);
    return known && { site: known.site, siblings: known.inventory?.siblings ?? [] };
  });

export interface DelegationInput {
  readonly state: Pick<ControlState, "nodes" | "attested">;
  /** Needs as the plan in force was made from. */
  readonly apps: readonly AppNeeds[];
  readonly placements: readonly { readonly unit: string; readonly node: string }[];
  readonly held: ReadonlyMap<string, Desired | undefined>;
  /** Units that are left to their sites, or can be. */
  readonly delegated: ReadonlySet<string>;
  nextVersion(node: string): number;
}

export interface SiteFacts {
  readonly state: Pick<ControlState, "nodes">;
  readonly known: Pick<KnownStanding, "standing" | "left">;
  readonly still: Leaving;
  readonly holders: readonly Holder[];
  readonly placements: DelegationInput["placements"];
  readonly moves: readonly Pick<Move, "unit">[];
}

/** Of the units that are to be left to sites, those that are, or can be: what a unit holds travels to its home first, by control's word, since nothing travels with a delegation. */
export function leftToSites(wanted: ReadonlySet<string>, { state, known, still, holders, placements, moves }: SiteFacts): ReadonlySet<string> {
  const homes = new Map(placements.map(({ unit, node }) => [unit, node] as const));
  return new Set([...wanted].filter((unit) => {
    const home = homes.get(unit);
    const members = home === undefined ? undefined : membersOf(state, home);
    if (members === undefined) return false;
    if (members.some((member) => known.left.get(member)?.has(unit) === true)) return true;
    const isElsewhere = [...known.standing].some(([node, units]) => node !== home && units.has(unit)) || [...known.left.values()].some((units) => units.has(unit));
    const isKept = holders.some((row) => row.unit === unit && row.anew === undefined && row.node !== home);
    return !isElsewhere && !isKept && ![...still, ...moves].some((row) => row.unit === unit);
  }));
}

/** By member. */
export function delegationsOf({ state, apps, placements, held, delegated, nextVersion }: DelegationInput): ReadonlyMap<string, Delegation> {
  const needs = new Map<string, UnitNeeds>(apps.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
  const bySite = new Map<string, { readonly members: readonly string[]; readonly units: Delegation["units"] }>();
  for (const { unit, node } of placements) {
    const own = needs.get(unit);
    const site = state.nodes.get(node)?.site;
    const members = membersOf(state, node);
    if (own?.delegated !== true || site === undefined || members === undefined || !delegated.has(unit)) continue;
    const row = bySite.get(site) ?? { members, units: [] };
    const { island: _, makers = [], ...standing } = own;
    // Of what is made elsewhere nothing comes while the site is cut off.
    const within = makers.filter((maker) => members.includes(maker.node));
    row.units.push({ unit, home: node, needs: within.length === 0 ? standing : { ...standing, makers: within } });
    bySite.set(site, row);
  }
  const told = new Map<string, Delegation>();
  for (const [site, { members, units }] of bySite) {
    const before = members.map((member) => held.get(member)?.delegation);
    const newest = Math.max(0, ...before.map((one) => one?.serial ?? 0));
    const last = before.find((one) => one?.serial === newest);
    const flows = flowsAmong(apps, new Set(units.map(({ unit }) => unit)));
    const known = members.map((name) => memberOf(state, name, last?.members.find((member) => member.name === name)));
    const body = { site, members: flows === undefined && units.every(({ needs: { makers, takers } }) => makers === undefined && takers === undefined) ? known : known.map((member) => withAbove(member, state)), units: units.sort((a, b) => (a.unit < b.unit ? -1 : 1)), ...(flows === undefined ? {} : { flows }) };
    const isSame = newest > 0 && before.every((one) => one?.serial === newest && canonicalJson({ ...one, serial: 0 }) === canonicalJson({ ...body, serial: 0 }));
    // No member was given that number with anything else, whatever this control remembers.
    const delegation = delegationSchema.parse({ ...body, serial: isSame ? newest : Math.max(newest + 1, ...members.map(nextVersion)) });
    for (const member of members) told.set(member, delegation);
  }
  return told;
}

/** What goes between units that one site decides on. How much it is stands for no money there, and would change all the time. */
function flowsAmong(apps: readonly AppNeeds[], units: ReadonlySet<string>): Delegation["flows"] {
  const among = apps.flatMap(({ app, flows }) => {
    const own = flows.filter(({ from, to, hands }) => hands !== undefined && units.has(`${app}/${from}`) && units.has(`${app}/${to}`)).map((flow) => ({ ...flow, bytesPerMonth: 0 }));
    return own.length === 0 ? [] : [[app, own] as const];
  });
  return among.length === 0 ? undefined : Object.fromEntries(among);
}

const withAbove = (member: Delegation["members"][number], { nodes }: DelegationInput["state"]): Delegation["members"][number] => {
  const parent = parentIn(nodes, member.name);
  return parent === undefined ? member : { ...member, uplink: { parent } };
};

/** What stands of a node. What it measures changes all the time: small changes change nothing. */
function memberOf(state: DelegationInput["state"], name: string, before: Delegation["members"][number] | undefined): Delegation["members"][number] {
  const node = state.nodes.get(name);
  if (node === undefined) throw new RangeError(`${name} is known`);
  const { tier, site, jurisdiction, trust, providers, capacity } = inventoryNodeOf({ ...node, trust: state.attested.has(name) ? "attested" : "enrolled" }, "present", { processors: 0, memoryBytes: 0 });
  const { asOfMs: _, source: __, sources: ___, diskBytes, ...has } = capacity;
  return { name, tier, site, jurisdiction, trust, providers, capacity: { ...has, ...(diskBytes === undefined ? {} : { diskBytes: steady(before?.capacity.diskBytes, diskBytes) }) } };
}
