/** What an app's needs become by what is known beside its manifest: where the policy lets nothing of it run, and from where its data really come. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { needsOfFunction } from "@holon/core/policy/needs.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { AppNeeds, UnitNeeds } from "@holon/core/schema/needs.ts";
import type { ControlState } from "../store/fold.ts";
import { membersOf } from "./delegation.ts";
import { nextRun } from "./next-run.ts";
import { steady } from "./steady.ts";

const monthMs = 30 * 86_400_000;

export interface Standing {
  /** Of the plan in force, so that small changes of what is measured change nothing. */
  readonly before: readonly AppNeeds[];
  readonly placements: readonly { readonly unit: string; readonly node: string }[];
  stateOf(node: string): "present" | "silent" | "gone";
  /** Of one that is silent: whether it is not heard either. One that is back is present only after a while. */
  isLeaseOver(node: string): boolean;
}

export function inCircumstances(apps: readonly AppNeeds[], documents: readonly AppDocument[], state: ControlState, { before, placements, stateOf, isLeaseOver }: Standing, nowMs: number): readonly AppNeeds[] {
  const policy = state.policy === undefined ? undefined : compilePolicy(parsePolicy(state.policy.text));
  const old = new Map(before.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
  return apps.map(({ app, units, flows }) => {
    const document = documents.find(({ name }) => name === app);
    return { app, flows, units: units.map((unit) => withSite(withRun(withData(withPolicy(unit, document, state, policy), document, state, old.get(`${app}/${unit.name}`)), document, state, nowMs), placements.find((one) => one.unit === `${app}/${unit.name}`)?.node, state, { stateOf, isLeaseOver })) };
  });
}

/**
 * A site that is cut off decides itself on what is left to it. Where some of it are heard and its home is not, the others may have it: the lead lets one of them run it. Elsewhere it might run
 * a second time.
 */
function withSite(unit: UnitNeeds, home: string | undefined, state: ControlState, { stateOf, isLeaseOver }: Pick<Standing, "stateOf" | "isLeaseOver">): UnitNeeds {
  const members = home === undefined || unit.delegated !== true ? undefined : membersOf(state, home);
  if (home === undefined || members === undefined || stateOf(home) !== "silent") return unit;
  const site = state.nodes.get(home)?.site ?? "";
  if (!isLeaseOver(home) || members.every((member) => stateOf(member) !== "present")) return { ...unit, island: site };
  const outside = [...state.nodes.values()].filter((node) => node.site !== site).map(({ name }) => [name, `it is left to site ${site}, of which ${home} is not heard and may run it still`] as const);
  return { ...unit, forbidden: { ...Object.fromEntries(outside), ...unit.forbidden } };
}

function withPolicy(unit: UnitNeeds, document: AppDocument | undefined, { nodes }: ControlState, policy: CompiledPolicy | undefined): UnitNeeds {
  const fn = document?.functions.find(({ name }) => name === unit.name);
  if (policy === undefined || document === undefined || fn === undefined) return unit;
  const forbidden: [string, string][] = [];
  for (const node of [...nodes.keys()].sort()) {
    const denied = needsOfFunction({ kind: "node", name: node }, document, fn).map(({ principal, action, resource }) => policy.decide(principal, action, resource, {})).find(({ allow }) => !allow);
    if (denied !== undefined) forbidden.push([node, denied.reason]);
  }
  return forbidden.length === 0 ? unit : { ...unit, forbidden: Object.fromEntries(forbidden) };
}

function withRun(unit: UnitNeeds, document: AppDocument | undefined, { energy, apps }: ControlState, nowMs: number): UnitNeeds {
  if (unit.job === undefined || document === undefined) return unit;
  const deployedMs = Date.parse(apps.get(document.name)?.jobsSince.get(unit.name) ?? "");
  const run = nextRun(document.functions.find(({ name }) => name === unit.name), `${document.name}/${unit.name}`, energy, Number.isNaN(deployedMs) ? nowMs : deployedMs, nowMs);
  return run === undefined ? unit : { ...unit, run };
}

/** What its author says of its sources stands; what he does not say is measured: a unit that names no sources follows its data. */
function withData(unit: UnitNeeds, document: AppDocument | undefined, state: ControlState, before: UnitNeeds | undefined): UnitNeeds {
  const handed = state.handed.get(`${document?.name ?? ""}/${unit.name}`);
  if (handed === undefined) return unit;
  const perMonth = new Map<string, number>();
  for (const [origin, bytes] of Object.entries(handed.bytes)) {
    const site = state.nodes.get(origin)?.site;
    if (site !== undefined) perMonth.set(site, (perMonth.get(site) ?? 0) + (bytes * monthMs) / handed.overMs);
  }
  const measured = (site: string): number => steady(before?.sources.find((source) => source.site === site)?.bytesPerMonth, perMonth.get(site) ?? 0);
  if (unit.onTheWay) return { ...unit, sources: unit.sources.map(({ site, bytesPerMonth }) => ({ site, bytesPerMonth: bytesPerMonth > 0 ? bytesPerMonth : measured(site) })) };
  if (unit.sources.length > 0 || unit.classes.some((name) => name === "raw" || name === "personal")) return unit;
  const most = [...perMonth].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limits.handedSitesMax);
  return { ...unit, sources: most.map(([site]) => ({ site, bytesPerMonth: measured(site) })).sort((a, b) => (a.site < b.site ? -1 : 1)) };
}

/** What of the needs a manifest says. */
export const deployedOf = (apps: readonly AppNeeds[], documents: readonly AppDocument[]): string =>
  canonicalJson(apps.map(({ app, flows, units }) => ({ app, flows, units: units.map(({ sources, island: _island, ...unit }) => ({ ...unit, run: null, forbidden: null, sources: documents.find(({ name }) => name === app)?.functions.find(({ name }) => name === unit.name)?.needs?.sources === undefined && !unit.onTheWay ? [] : sources.map(({ site }) => site) })) })));
