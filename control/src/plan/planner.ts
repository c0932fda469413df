/** Makes the fleet's plan from what control knows, and says whether it is one to adopt. A plan in force is kept with all that it was made from. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import { explainChoice, type Explanation } from "@holon/core/placement/explain.ts";
import { freshValue } from "@holon/core/placement/fleet.ts";
import { inventoryNodeOf, standingOf, type Reserved } from "@holon/core/placement/inventory.ts";
import { meanOfDay } from "@holon/core/placement/jobs.ts";
import { explainStage } from "@holon/core/placement/plan-stages.ts";
import { needsOfApp } from "@holon/core/placement/needs-of-app.ts";
import { diffPlans, planAll, type Plan, type Planned, type PlanInputs } from "@holon/core/placement/planner.ts";
import type { Clock, Crypto, Trace } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { energyKinds } from "@holon/core/schema/energy.ts";
import { placementPolicySchema, type AppNeeds, type PlacementWeights, type UnitNeeds } from "@holon/core/schema/needs.ts";
import { keptPlanSchema, type KeptPlan } from "@holon/core/schema/plan.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { NodesHere } from "../fleet/nodes-here.ts";
import { eventTypes, plannedData, type ControlState, type KnownPlan } from "../store/fold.ts";
import { deployedOf, inCircumstances } from "./circumstances.ts";
import { namedCurves } from "../store/energy.ts";
import { standingBy } from "./exchanged.ts";
import { asOfNow } from "./explain-now.ts";
import { explainTier } from "./explain-tier.ts";
import type { Hearing } from "./hearing.ts";
import { whyLeft, type Left } from "./left.ts";
import { awaited, notLeft } from "./warnings.ts";
import { measuredChanges } from "./measured-changes.ts";
import { statedChanges } from "./stated-changes.ts";
import { plannedStagesOf, stagesOf } from "./stages.ts";

export interface PlannerHost {
  readonly log: Log;
  readonly blobs: { put(content: Uint8Array): Promise<BlobHash>; read(hash: BlobHash): Promise<Uint8Array> };
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly trace: Trace };
  readonly placement?: PlacementWeights | undefined;
  /** What nodes told, by the clock here: what one with another clock measured just now is not old. */
  readonly here?: Pick<NodesHere, "node"> | undefined;
}

/** A plan in force. */
export interface InForce extends KeptPlan {
  readonly known: KnownPlan;
}

export interface Proposal {
  readonly planned: Planned;
  readonly before: Plan | undefined;
  /** `diffPlans` of the plan in force and this one. */
  readonly changes: readonly string[];
  /** Why it is to be adopted, for people; undefined: the one in force stands. */
  readonly because: string | undefined;
  /** It is to be adopted, but not so soon after the last. */
  readonly isLater: boolean;
}

export interface Planner {
  /** Undefined where none was ever adopted. */
  inForce(state: ControlState): Promise<InForce | undefined>;
  /** Undefined where there is nothing to place, and was nothing. `documents`: the apps as they would be. */
  propose(state: ControlState, hearing: Hearing, documents?: readonly AppDocument[]): Promise<Proposal | undefined>;
  /** Stores the plan with its inputs, and gives the data of the event that adopts it. */
  keep(proposal: Proposal): Promise<Readonly<Record<string, unknown>>>;
  /** From the inputs of the plan in force, or of one that was. `HOLON_PLAN_MISSING`. */
  explain(state: ControlState, hearing: Pick<Hearing, "stateOf" | "returning">, unit: string, node: string, hash?: string): Promise<Explanation>;
  /** What a plan leaves out, and why; the first so many. */
  left(held: InForce): readonly Left[];
  /** Plans that were adopted, the newest first. */
  adopted(count: number): Promise<readonly KnownPlan[]>;
  /** One of them, by its hash or how that begins. `HOLON_PLAN_MISSING`. */
  named(hash: string): Promise<InForce>;
}

const seed = 1;

export function createPlanner({ log, blobs, ports: { clock, crypto, trace }, placement = {}, here }: PlannerHost): Planner {
  const policy = placementPolicySchema.parse(placement);
  let read: InForce | undefined;
  let explained: { readonly hash: string; readonly planned: Planned } | undefined;
  let adoptedMs = Number.NEGATIVE_INFINITY;

  async function inForce({ plan: known }: ControlState): Promise<InForce | undefined> {
    if (known === undefined) return undefined;
    if (read?.known.hash === known.hash) return read;
    try {
      return (read = { known, ...keptPlanSchema.parse(parseJson(await blobs.read(known.blob))) });
    } catch (error) {
      // The fleet is planned as if for the first time, rather than not at all; what runs where stands in the documents.
      trace.note("error", `plan ${known.hash.slice(0, 12)} cannot be read: ${toHolonError(error).message}`, { code: toHolonError(error).code });
      return undefined;
    }
  }

  async function adopted(count: number): Promise<readonly KnownPlan[]> {
    const found = await log.find({ accepts: ({ origin, stream, branch }) => origin === log.origin && stream === "audit" && branch === undefined, type: eventTypes.planned, limit: count });
    return found.flatMap(({ event }) => {
      const told = event.type === eventTypes.planned ? plannedData.safeParse(event.data) : undefined;
      return told?.success === true ? [{ ...told.data, adoptedAt: event.time }] : [];
    }).reverse();
  }

  /** Nothing takes away what a plan was made from, so that it can be asked why for as long as the trail says that it was. */
  async function named(hash: string): Promise<InForce> {
    const [known] = (await adopted(limits.plansTold)).filter((one) => one.hash.startsWith(hash));
    if (known === undefined) throw new HolonError("HOLON_PLAN_MISSING", `none of the last ${limits.plansTold} plans begins with ${hash}`, { next: "See `holon plan list`." });
    return { known, ...keptPlanSchema.parse(parseJson(await blobs.read(known.blob))) };
  }

  return {
    inForce,
    adopted,
    named,
    async propose(state, hearing, documents = [...state.apps.values()].map(({ document }) => document)) {
      const current = await inForce(state);
      const stated = documents.flatMap((document) => needsOfApp(document) ?? []).sort((a, b) => (a.app < b.app ? -1 : 1));
      const apps = inCircumstances(stated, documents, state, { before: current?.inputs.apps ?? [], placements: current?.plan.placements ?? [], stateOf: (node) => (state.revoked.has(node) ? "gone" : hearing.stateOf(node)), isLeaseOver: hearing.isLeaseOver }, clock.wall().ms);
      if (apps.length === 0 && (current === undefined || current.plan.placements.length + current.plan.unplaced.length === 0)) return undefined;
      const reserved = reservedOf(current);
      const nodes = [...state.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((node) => inventoryNodeOf({ ...(here?.node(node) ?? node), trust: state.attested.has(node.name) ? "attested" : "enrolled", isHeld: state.conditions.get(node.name)?.now.held !== undefined }, state.revoked.has(node.name) ? "gone" : hearing.stateOf(node.name), reserved.get(node.name) ?? nothing));
      const energy = namedCurves(state.energy, state.nodes.keys());
      const isNew = current === undefined || canonicalJson(apps) !== canonicalJson(current.inputs.apps);
      const powered = nodes.map((node) => withEnergy(node, energy.of.get(node.name)));
      const nowMs = clock.wall().ms;
      const inventory: PlanInputs["inventory"] = { nodes: powered, links: [], ...(energy.of.size === 0 ? {} : { curves: energy.curves }) };
      const isWeighed = current !== undefined && canonicalJson(current.inputs.policy) !== canonicalJson(policy);
      const isOther = isWeighed || standing(nodes) !== standing(current?.inputs.inventory.nodes ?? []) || isEnergyOther(current?.inputs, { inventory, nowMs, policy });
      // What merely fell silent or came back, or is measured otherwise, moves nothing that has a valid place.
      const scope = isNew || isOther ? "all" : "touched";
      const inputs: PlanInputs = { policy, inventory, apps, nowMs, seed, scope, ...(current === undefined ? {} : { previous: current.plan }) };
      const planned = planAll(inputs, crypto);
      const changes = changesOf(planned.plan, current?.plan);
      const isQuiet = clock.monotonicMs() - adoptedMs < limits.inventoryLookMs;
      const whatIsOther = (before: InForce): string => (isWeighed ? "what weighs how much changed" : standing(before.inputs.inventory.nodes) === standing(nodes) && isEnergyOther(before.inputs, inputs) ? "carbon or price of electricity changed" : whatChanged(before.inputs.inventory.nodes, nodes));
      const because = isNew ? whyNew(current?.inputs, { apps, nodes }, documents) : changes.length > 0 || (isOther && !isQuiet) ? whatIsOther(current) : undefined;
      return { planned, before: current?.plan, changes, because, isLater: because === undefined && isOther };
    },
    async keep({ planned: { plan, inputs }, changes, because }) {
      const blob = await blobs.put(new TextEncoder().encode(canonicalJson({ plan, inputs })));
      adoptedMs = clock.monotonicMs();
      return { hash: plan.hash, parent: plan.parent, inputs: plan.inputs, blob, placements: plan.placements.length, unplaced: plan.unplaced.length, moves: plan.moves, costPerMonth: plan.costPerMonth, because, changes: changes.slice(0, limits.planChangesTold), changed: changes.length };
    },
    async explain(state, hearing, unit, node, hash) {
      if (hash !== undefined) return explainThen(explainable(await named(hash)), unit, node);
      refuseUnknown(state, unit, node);
      const [app = "", name = ""] = unit.split("/");
      const document = state.apps.get(app)?.document;
      const current = await inForce(state);
      const standing = standingBy(current?.plan.placements ?? []);
      const wide = explainTier(state, unit, node);
      if (current === undefined && wide === undefined) throw new HolonError("HOLON_PLAN_MISSING", `${log.origin} has adopted no plan: no app that is deployed has needs`);
      // What has no needs stands in no plan, and needs none to be explained, unless it asks a model of which the plan says how much is done there.
      const planned = current === undefined || (wide !== undefined && current.plan.stages === undefined) ? undefined : explainable(current);
      const own = wide ?? (planned === undefined ? undefined : asOfNow(explainChoice(planned, unit, node), { unit, node, planned, adoptedAt: current?.known.adoptedAt ?? "", stateNow: hearing.stateOf(node), backMs: hearing.returning()[node]?.sinceMs }));
      if (own === undefined) throw new HolonError("HOLON_PLAN_MISSING", `${log.origin} has adopted no plan`);
      const alone = own.verdict === "chosen" && document?.functions.find((fn) => fn.name === name)?.needs?.delegated === true ? notLeft(state, node) : undefined;
      const more = document === undefined ? [] : [...(alone === undefined ? [] : [`It is \`delegated\`, and ${alone}.`]), ...(planned === undefined ? [] : plannedStagesOf(document, name, node, planned)), ...stagesOf(document, name, state, standing)];
      return { ...own, text: [own.text, ...more].join(" ") };
    },
    left(held) {
      if (held.plan.unplaced.length === 0) return [];
      const planned = madeAnew(held);
      return held.plan.unplaced.slice(0, limits.planChangesTold).map(({ unit, replica }) => ({ unit, replica, why: planned === undefined ? null : whyLeft(planned, unit, replica) }));
    },
  };

  /** Undefined where another version of the planner made it: what it left out is told all the same. */
  function madeAnew(held: InForce): Planned | undefined {
    try {
      return explainable(held);
    } catch (error) {
      if (toHolonError(error).code === "HOLON_PLAN_MISSING") return undefined;
      throw error;
    }
  }

  function explainable(current: InForce): Planned {
    if (explained?.hash === current.plan.hash) return explained.planned;
    const planned = planAll(exact(current.inputs), crypto);
    if (planned.plan.hash !== current.plan.hash) throw new HolonError("HOLON_PLAN_MISSING", `plan ${current.plan.hash.slice(0, 12)} was made by another version of the planner, which decided otherwise`, { next: "Deploy an app again: the plan is then made by this version." });
    explained = { hash: current.plan.hash, planned };
    return planned;
  }
}

/** Of what has no needs a plan says nothing but how much of a model is done there. */
function explainThen(planned: Planned, unit: string, node: string): Explanation {
  const { plan, fleet, work, ledger } = planned;
  const cuts = (plan.stages ?? []).flatMap((stage) => (stage.model === unit && stage.node === node ? (explainStage(fleet, work, ledger, stage) ?? []) : []));
  const own = work.indexOf.has(unit) || cuts.length === 0 ? explainChoice(planned, unit, node) : { verdict: "chosen" as const, reason: "cheapest" as const, text: "" };
  return { ...own, text: [own.text, ...cuts].filter((text) => text !== "").join(" ") };
}

/** `diffPlans` of the plan before, where there was one, and this one. */
export const changesOf = (plan: Plan, before: Plan | undefined): readonly string[] => diffPlans(before ?? { ...plan, placements: [], stages: [] }, plan);

/** By the mean of the day, node by node: as what is measured, it counts anew when it differs by more than a quarter. */
function isEnergyOther(before: Pick<PlanInputs, "inventory" | "nowMs" | "policy"> | undefined, now: Pick<PlanInputs, "inventory" | "nowMs" | "policy">): boolean {
  if (before === undefined || (before.inventory.curves === undefined && now.inventory.curves === undefined)) return false;
  const was = new Map(before.inventory.nodes.map((node) => [node.name, node]));
  return energyKinds.some((kind) => {
    const meanOf = ({ inventory, nowMs, policy: { staleAfterMs } }: typeof now): ((node: Nodes[number] | undefined) => number | undefined) => {
      const mean = meanOfDay(inventory, kind, nowMs);
      return (node) => (node === undefined ? undefined : freshValue(mean(node), nowMs, staleAfterMs));
    };
    const [old, current] = [meanOf(before), meanOf(now)];
    return now.inventory.nodes.some((node) => {
      const [from, to] = [old(was.get(node.name)), current(node)];
      return from === undefined || to === undefined ? from !== to : Math.abs(from - to) > limits.inventoryChange * Math.max(Math.abs(from), Math.abs(to));
    });
  });
}

const withEnergy = (node: Nodes[number], energy: Nodes[number]["energy"]): Nodes[number] => (energy === undefined ? node : { ...node, energy });

const nothing: Reserved = { processors: 0, memoryBytes: 0 };

/** By node, what its units were placed with. */
function reservedOf(current: InForce | undefined): ReadonlyMap<string, Reserved> {
  const reserved = new Map<string, Reserved>();
  if (current === undefined) return reserved;
  const needs = new Map<string, UnitNeeds>(current.inputs.apps.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
  for (const { unit, node } of current.plan.placements) {
    const of = needs.get(unit);
    const before = reserved.get(node) ?? nothing;
    if (of !== undefined) reserved.set(node, { processors: before.processors + of.processors, memoryBytes: before.memoryBytes + of.memoryBytes });
  }
  return reserved;
}

function whyNew(current: PlanInputs | KeptPlan["inputs"] | undefined, after: { readonly apps: readonly AppNeeds[]; readonly nodes: Nodes }, documents: readonly AppDocument[]): string {
  const [before, apps] = [current?.apps ?? [], after.apps];
  if (deployedOf(before, documents) !== deployedOf(apps, documents)) return "what is deployed changed";
  // A node that is no more of a site changes what is left to the site, and no island has come or gone.
  if (current !== undefined && goneIn(current.inventory.nodes) !== goneIn(after.nodes)) return whatChanged(current.inventory.nodes, after.nodes);
  if (islandsIn(before) !== islandsIn(apps)) return "a site that decides for itself was cut off, or is back";
  if (runsIn(before) !== runsIn(apps)) return "another run of a job is due";
  // Where a node of a site is not heard that may run what is left to that site, or is heard again, and where a node came of which the policy has something to say, the policy is as it was.
  const known = new Set(namesIn(current?.inventory.nodes ?? []));
  const both = namesIn(after.nodes).filter((name) => known.has(name));
  if (forbiddenIn(before, both) !== forbiddenIn(apps, both)) return "the policy changed";
  if (both.length === known.size && both.length === after.nodes.length && passesIn(before) !== passesIn(apps)) return "the policy changed";
  const isOfNodes = leftIn(before) !== leftIn(apps) || forbiddenIn(before) !== forbiddenIn(apps);
  return isOfNodes && current !== undefined ? whatChanged(current.inventory.nodes, after.nodes) : "data come from elsewhere, or more or less of them";
}
const namesIn = (nodes: Nodes): readonly string[] => nodes.map(({ name }) => name);
const goneIn = (nodes: Nodes): string => canonicalJson(nodes.flatMap(({ name, state }) => (state === "gone" ? [name] : [])));
const islandsIn = (apps: readonly AppNeeds[]): string => canonicalJson(apps.map(({ units }) => units.map(({ island }) => island ?? null)));
const runsIn = (apps: readonly AppNeeds[]): string => canonicalJson(apps.map(({ units }) => units.map(({ run }) => run ?? null)));
const leftIn = (apps: readonly AppNeeds[]): string => canonicalJson(apps.map(({ units }) => units.map(({ leftTo }) => leftTo ?? null)));
/** How far what is made goes up: of the same nodes, makers and apps only a policy says otherwise. */
const passesIn = (apps: readonly AppNeeds[]): string => canonicalJson(apps.map(({ flows, units }) => ({ flows: flows.map(({ from, to, hands = null, borders = null }) => ({ from, to, hands, borders })), makers: units.map(({ makers = [] }) => makers.flatMap(({ node, here = false, until = null }) => (here || until !== null ? [{ node, until }] : []))) })));
/** Of these nodes; without them of all. */
function forbiddenIn(apps: readonly AppNeeds[], nodes?: readonly string[]): string {
  const known = nodes && new Set(nodes);
  return canonicalJson(apps.map(({ units }) => units.map(({ forbidden }) => Object.fromEntries(Object.entries(forbidden ?? {}).filter(([node]) => known?.has(node) !== false)))));
}

type Nodes = PlanInputs["inventory"]["nodes"];
const standing = (nodes: Nodes): string => canonicalJson(nodes.map((node) => ({ ...standingOf(node), state: node.state === "gone" })));

function whatChanged(before: Nodes, after: Nodes): string {
  const was = new Map(before.map((node) => [node.name, node]));
  const told = after.flatMap((node) => {
    const old = was.get(node.name);
    if (old === undefined) return `${node.name} came`;
    if (old.state !== node.state) return `${node.name} is ${node.state}`;
    if (old.held !== node.held) return node.held === true ? `${node.name} takes nothing new, since its program is not what was adopted` : `${node.name} takes what is new again`;
    return statedChanges(old, node);
  });
  if (told.length === 0) told.push(...measuredChanges(before, after));
  if (told.length === 0) return "what was measured of nodes grew too old";
  return told.length <= limits.planReasonsMax ? told.join(", ") : `${told.slice(0, limits.planReasonsMax).join(", ")} and ${told.length - limits.planReasonsMax} more`;
}

/** As the planner takes it: what is left out is not there. */
const exact = ({ scope, previous, ...inputs }: KeptPlan["inputs"]): PlanInputs => ({ ...inputs, ...(scope === undefined ? {} : { scope }), ...(previous === undefined ? {} : { previous }) });

/** `HOLON_UNIT_UNKNOWN`, `HOLON_NODE_UNKNOWN`: nobody is told why what does not exist is not there. */
function refuseUnknown({ apps, nodes }: ControlState, unit: string, node: string): void {
  const [app = "", name = "", ...more] = unit.split("/");
  if (more.length > 0 || name === "") throw new HolonError("HOLON_UNIT_UNKNOWN", `there is no unit ${unit}: a unit is named app/unit, as ${app === "" ? "pump/sum" : `${app}/${name === "" ? "sum" : name}`}`);
  const document = apps.get(app)?.document;
  const units = [...(document?.functions ?? []), ...(document?.models ?? []), ...(document?.sources ?? []), ...(document?.reductions ?? [])].map((one) => one.name);
  if (!units.includes(name)) throw new HolonError("HOLON_UNIT_UNKNOWN", document === undefined ? `no app ${app} is deployed, so there is no unit ${unit}` : `app ${app} has no function, model, source or reduction ${name}; it has ${units.join(", ") || "none"}`);
  if (!nodes.has(node)) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${node} was ever heard`);
}

/** Why what is left out by a proposal is on none of the nodes, or names a place that is none, for people. */
export function whyNowhere({ planned }: Proposal, document: AppDocument, before: AppDocument | undefined): string | undefined {
  const { name: app } = document;
  const misnamed = whyMisnamed(planned, app) ?? whyDetached(planned, document);
  if (misnamed !== undefined) return misnamed;
  const left = planned.plan.unplaced.find(({ unit, replica }) => unit.startsWith(`${app}/`) && awaited(planned, before, unit, replica).length === 0);
  if (left === undefined) return undefined;
  return `${left.unit}${left.replica === 0 ? "" : ` (replica ${left.replica})`} can run on no node: ${whyLeft(planned, left.unit, left.replica)}`;
}

/** A site that nobody is of is as good as a typing error: how far it is from anywhere nobody knows. */
function whyMisnamed({ fleet, inputs }: Planned, app: string): string | undefined {
  for (const unit of inputs.apps.find((one) => one.app === app)?.units ?? []) {
    const named = [["sources", unit.sources.map(({ site }) => site)], ["effects", unit.effects]] as const;
    for (const [where, sites] of named) {
      const unheard = sites.find((site) => !fleet.siteIndex.has(site));
      if (unheard !== undefined) return `${app}/${unit.name} names site ${unheard} in \`${where}\`, of which no node was ever heard; sites are ${fleet.sites.slice(0, limits.planSitesTold).join(", ")}${fleet.sites.length > limits.planSitesTold ? ", …" : ""}`;
    }
  }
  return undefined;
}

/** Likewise a node that a manifest says its devices are attached to: the way from there would be passed over. */
function whyDetached({ fleet }: Planned, { name: app, functions, models }: AppDocument): string | undefined {
  for (const { name, needs } of [...functions, ...models]) {
    for (const { site, node } of needs?.sources ?? []) {
      const index = node === undefined ? undefined : (fleet.indexOf.get(node) ?? -1);
      const own = fleet.nodes[index ?? -1]?.site;
      if (index === undefined || own === site) continue;
      const members = (fleet.nodesOfSite[fleet.siteIndex.get(site) ?? -1] ?? []).map((each) => fleet.nodes[each]?.name ?? "");
      const shown = `${members.slice(0, limits.planSitesTold).join(", ")}${members.length > limits.planSitesTold ? ", …" : ""}`;
      return `${app}/${name} names node ${node ?? ""} of site ${site} in \`sources\`, ${own === undefined ? "which was never heard" : `which is of site ${own}`}; nodes there are ${shown}`;
    }
  }
  return undefined;
}
