/** What an app's needs become by what is known beside its manifest: where the policy lets nothing of it run, and from where its data really come. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { askersOf, emittedFor, tierOf } from "@holon/core/placement/needs-of-app.ts";
import { makerOf } from "@holon/core/policy/lowering.ts";
import { withSite } from "@holon/core/placement/site-members.ts";
import { parseAdopted } from "@holon/core/policy/parse-policy.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { AppNeeds, UnitNeeds } from "@holon/core/schema/needs.ts";
import type { ControlState } from "../store/fold.ts";
import { stagesFor } from "./asking.ts";
import { membersOf } from "./delegation.ts";
import { deniedThere } from "./explain-tier.ts";
import { exchangedIn, standingBy, type Exchanged } from "./exchanged.ts";
import { withMakers } from "./makers.ts";
import { nextRun } from "./next-run.ts";
import { createPasses, type Passes } from "./passes.ts";
import { steady } from "./steady.ts";

export interface Standing {
  /** Of the plan in force, so that small changes of what is measured change nothing. */
  readonly before: readonly AppNeeds[];
  readonly placements: readonly { readonly unit: string; readonly node: string }[];
  stateOf(node: string): "present" | "silent" | "gone";
  /** Of one that is silent: whether it is not heard either. One that is back is present only after a while. */
  isLeaseOver(node: string): boolean;
}

export function inCircumstances(apps: readonly AppNeeds[], documents: readonly AppDocument[], state: ControlState, { before, placements, stateOf, isLeaseOver }: Standing, nowMs: number): readonly AppNeeds[] {
  const policy = state.policy === undefined ? undefined : compilePolicy(parseAdopted(state.policy.text));
  const old = new Map(before.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
  const flowsBefore = new Map(before.map(({ app, flows }) => [app, flows]));
  const stagesBefore = new Map(before.map(({ app, stages }) => [app, stages]));
  const standsOn = standingBy(placements);
  const homeOf = new Map(placements.toReversed().map(({ unit, node }) => [unit, node] as const));
  const passes = createPasses(state.nodes, policy);
  const site = { nodes: [...state.nodes.values()], membersOf: (node: string) => membersOf(state, node), stateOf, isLeaseOver };
  return apps.map(({ app, units, flows: stated }) => {
    const document = documents.find(({ name }) => name === app);
    const exchanged = document === undefined ? undefined : exchangedIn(document, state, standsOn);
    const handed = document === undefined || policy === undefined ? stated : stated.flatMap((flow, index) => withBorders(flow, stated.slice(0, index), document, passes));
    const flows = exchanged === undefined ? handed : handed.map((flow, index) => (handed.slice(0, index).some((one) => isOfSame(one, flow)) ? flow : withExchanged(flow, exchanged, flowsBefore.get(app))));
    const stages = document === undefined ? undefined : stagesFor(document, state, standsOn, stagesBefore.get(app));
    return { app, flows, ...(stages === undefined ? {} : { stages }), units: units.map((unit) => {
      const name = `${app}/${unit.name}` as const;
      const placeable = withMakers(withAskers(withPolicy(unit, document, state, policy), document, state), { document, documents, state, policy, passes, standsOn });
      const own = withRun(withData(placeable, document, state, { before: old.get(name), exchanged }), document, state, nowMs);
      const seen = withSite(own, homeOf.get(name), site);
      // Who had it before and is not heard may run it still, wherever it is to be since, or nowhere.
      return seen === own ? withSite(own, old.get(name)?.leftTo?.node, site) : seen;
    }) };
  });
}

function withPolicy(unit: UnitNeeds, document: AppDocument | undefined, { nodes }: ControlState, policy: CompiledPolicy | undefined): UnitNeeds {
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (policy === undefined || document === undefined || fn === undefined) return unit;
  const forbidden: [string, string][] = [];
  for (const node of [...nodes.keys()].sort()) {
    const denied = deniedThere(policy, document, fn.name, node);
    if (denied !== undefined) forbidden.push([node, denied]);
  }
  return forbidden.length === 0 ? unit : { ...unit, forbidden: Object.fromEntries(forbidden) };
}

function withRun(unit: UnitNeeds, document: AppDocument | undefined, { energy, apps }: ControlState, nowMs: number): UnitNeeds {
  if (unit.job === undefined || document === undefined) return unit;
  const deployedMs = Date.parse(apps.get(document.name)?.jobsSince.get(unit.name) ?? "");
  const run = nextRun(document.functions.find(({ name }) => name === unit.name), `${document.name}/${unit.name}`, energy, Number.isNaN(deployedMs) ? nowMs : deployedMs, nowMs);
  return run === undefined ? unit : { ...unit, run };
}

type Flow = AppNeeds["flows"][number];

const isOfSame = (one: Flow, other: Flow): boolean => one.from === other.from && one.to === other.to;

/** A written policy says how far what is handed goes: of each pair of units there is one flow for each way in which something goes. */
function withBorders(flow: Flow, before: readonly Flow[], document: AppDocument, passes: Passes): readonly Flow[] {
  const from = document.functions.find(({ name }) => name === flow.from);
  if (flow.hands === undefined || from === undefined) return [flow];
  if (before.some((one) => isOfSame(one, flow))) return [];
  const ways = new Map<string, Pick<Flow, "hands" | "borders">>();
  for (const target of emittedFor(document, flow.from, flow.to)) {
    const borders = passes.borders({ app: document, maker: makerOf(document, from), target });
    const way = { hands: borders === undefined ? ("here" as const) : ("up" as const), ...(borders === undefined || borders.length === 0 ? {} : { borders: [...borders] }) };
    ways.set(canonicalJson(way), way);
  }
  return [...ways].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, way], index) => ({ from: flow.from, to: flow.to, bytesPerMonth: index === 0 ? flow.bytesPerMonth : 0, ...way }));
}

/** A flow of which its author says nothing is as large as it was measured. */
function withExchanged(flow: AppNeeds["flows"][number], exchanged: Exchanged, before: AppNeeds["flows"] = []): AppNeeds["flows"][number] {
  const perMonth = flow.bytesPerMonth > 0 ? undefined : exchanged.between(flow.from, flow.to);
  return perMonth === undefined ? flow : { ...flow, bytesPerMonth: steady(before.find(({ from, to }) => from === flow.from && to === flow.to)?.bytesPerMonth, perMonth) };
}

/** What its author says of its sources stands; what he does not say is measured: a unit that names no sources follows its data. What other placed units hand it is no source. */
function withData(unit: UnitNeeds, document: AppDocument | undefined, { nodes }: ControlState, { before, exchanged }: { readonly before: UnitNeeds | undefined; readonly exchanged: Exchanged | undefined }): UnitNeeds {
  const perNode = document === undefined ? undefined : exchanged?.from(unit.name);
  if (perNode === undefined) return unit;
  const perMonth = new Map<string, number>();
  const doors = new Map<string, Map<string, number>>();
  for (const [origin, bytes] of perNode) {
    const site = nodes.get(origin)?.site;
    if (site === undefined) continue;
    perMonth.set(site, (perMonth.get(site) ?? 0) + bytes);
    doors.set(site, (doors.get(site) ?? new Map<string, number>()).set(origin, bytes));
  }
  const old = (site: string): UnitNeeds["sources"][number] | undefined => before?.sources.find((source) => source.site === site);
  const measured = (site: string): number => steady(old(site)?.bytesPerMonth, perMonth.get(site) ?? 0);
  const attached = (site: string): { readonly node?: string } => {
    const node = doorOf(doors.get(site), old(site)?.node);
    return node === undefined ? {} : { node };
  };
  if (unit.onTheWay && unit.sources.length > 0) return { ...unit, sources: unit.sources.map(({ site, node, bytesPerMonth }) => ({ site, ...(node === undefined ? attached(site) : { node }), bytesPerMonth: bytesPerMonth > 0 ? bytesPerMonth : measured(site) })) };
  if (unit.sources.length > 0 || unit.classes.some((name) => name === "raw" || name === "personal")) return unit;
  const most = [...perMonth].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limits.handedSitesMax);
  return { ...unit, sources: most.map(([site]) => ({ site, ...attached(site), bytesPerMonth: measured(site) })).sort((a, b) => (a.site < b.site ? -1 : 1)) };
}

/** A model of which control chooses the tier, too, stands where the questions come: at the sites of those that ask, or above them. */
function withAskers(unit: UnitNeeds, document: AppDocument | undefined, { nodes, revoked }: ControlState): UnitNeeds {
  if (document === undefined || document.models.every(({ name }) => name !== unit.name) || (unit.tiers?.length ?? 0) < 2 || unit.sources.length > 0) return unit;
  const asking = askersOf(document.models, unit.name);
  const tiers = new Set(document.functions.flatMap((fn) => (fn.needs === undefined && fn.models.some((model) => asking.includes(model)) ? [tierOf(fn)] : [])));
  const sites = [...new Set([...nodes.values()].filter(({ name, tier }) => tiers.has(tier) && !revoked.has(name)).map(({ site }) => site))].sort().slice(0, limits.askingSitesMax);
  return sites.length === 0 ? unit : { ...unit, sources: sites.map((site) => ({ site, bytesPerMonth: 0 })), onTheWay: true };
}

/** Where most of it comes in; where it was before, as long as that is about as much. */
function doorOf(nodes: ReadonlyMap<string, number> | undefined, before: string | undefined): string | undefined {
  const [most] = [...(nodes ?? [])].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const known = before === undefined ? undefined : nodes?.get(before);
  return most === undefined ? before : known !== undefined && known >= (1 - limits.inventoryChange) * most[1] ? before : most[0];
}

/** What of the needs a manifest says. */
export const deployedOf = (apps: readonly AppNeeds[], documents: readonly AppDocument[]): string =>
  canonicalJson(apps.map(({ app, flows, units }) => ({ app, flows: [...new Set(flows.map(({ from, to }) => `${from} ${to}`))].sort(), units: units.map(({ sources, island: _island, leftTo: _leftTo, ...unit }) => ({ ...unit, run: null, forbidden: null, makers: null, takers: null, onTheWay: null, sources: documents.find(({ name }) => name === app)?.functions.find(({ name }) => name === unit.name)?.needs?.sources === undefined && !unit.onTheWay ? [] : sources.map(({ site }) => site) })) })));
