/** New desired documents for the nodes whose part of the plan has changed. What did not change keeps its version. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import { endsOfParts } from "@holon/core/schema/model-use.ts";
import { planPlacement, type Assignment } from "@holon/core/placement/plan.ts";
import type { Plan } from "@holon/core/placement/planner.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { shiftSchema } from "@holon/core/schema/energy.ts";
import type { Delegation } from "@holon/core/schema/delegation.ts";
import type { AppNeeds } from "@holon/core/schema/needs.ts";
import { desiredSchema, documentMark, type Desired } from "@holon/core/schema/desired.ts";
import type { Moving } from "@holon/core/schema/moving.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { ControlHost } from "../control.ts";
import { directFor } from "../publish.ts";
import { eventTypes, runsAnother, type ControlState } from "../store/fold.ts";
import type { Hearing } from "./hearing.ts";
import { delegationsOf } from "./delegation.ts";
import { holdersCell, nextHolders, readHolders } from "./holders.ts";
import { leavingCell, stillLeaving, stoppingOf, type Leaving } from "./leaving.ts";
import { movesCell, movingOf, readMoves } from "./moving.ts";
import type { Movers, MoveStep } from "./movers.ts";
import type { Claim, Recall } from "./recall.ts";
import { knownStanding, unitsOf, type KnownStanding } from "./standing.ts";

export interface Planning {
  readonly state: ControlState;
  readonly hearing: Hearing;
  readonly movers: Movers;
  readonly recall: Recall;
  /** Undefined where nothing has, or ever had, needs. */
  readonly plan: Pick<Plan, "hash" | "placements" | "unplaced" | "shifts" | "stages"> | undefined;
  /** Needs as that plan was made from. */
  readonly apps: readonly AppNeeds[];
}

const encoder = new TextEncoder();

export function heldDesired(log: Log, node: string): Desired | undefined {
  const bytes = log.cell(`desired/${node}`);
  return bytes && desiredSchema.parse(parseJson(bytes));
}

/** What a node has told of may be above what this control remembers, where it was put back from a backup: a number that was given means that document. */
export const nextVersion = ({ state: { nodes }, recall }: { readonly state: Pick<ControlState, "nodes">; readonly recall: Pick<Recall, "told"> }, node: string, before: { readonly version: number } | undefined): number =>
  Math.max(before?.version ?? 0, nodes.get(node)?.reported?.version ?? 0, recall.told(node)) + 1;

export interface Issuing {
  readonly records: NewRecord[];
  readonly cells: CellChange[];
  /** What concerns units with needs is not issued yet: it is not known where they stand. */
  readonly isWaiting: boolean;
  /** Whether it was known where units with needs stand, some of which are here. */
  readonly isSure: boolean;
}

export async function documentsFor(planning: Planning, host: ControlHost & { readonly sizes: Map<BlobHash, number> }): Promise<Issuing> {
  const { state } = planning;
  const { log } = host;
  const held = new Map([...state.nodes.keys()].map((node) => [node, heldDesired(log, node)]));
  const documents = [...state.apps.values()].map(({ document }) => document);
  const { deployed, delegated } = placeableOf(documents);
  const known = knownStanding(held, { moves: readMoves(log), recall: planning.recall, isOurs: (unit) => deployed.has(unit) && !delegated.has(unit) });
  const isWaiting = isUncertain(planning.recall, [...documents, ...[...held.values()].flatMap((one) => one?.apps ?? [])]);
  const moving = await planning.movers.step(planning, known, isWaiting);
  const delegations = delegationsOf({ state, documents, apps: planning.apps, placements: planning.plan?.placements ?? [], held });
  const { assignments, leaving } = assign(planning, { held, delegations, known }, log, moving.isHere);
  const plan = planning.plan?.hash ?? toHex(host.ports.crypto.sha256(encoder.encode(canonicalJson(assignments))));
  const records: NewRecord[] = [];
  const cells: CellChange[] = [];
  const unfinished: string[] = [];
  const ended: Leaving[number][] = [];
  // A policy is signed for each node though no publisher signed anything yet: nodes with a pinned root follow no other.
  const images = state.images ?? (state.policy === undefined ? undefined : {});
  const roots = images === undefined ? undefined : (await host.ports.director?.roots(host.ports.clock.wall().ms))?.length;
  for (const { node, apps } of assignments) {
    const before = held.get(node);
    const own = { ...movingOf(moving.moves, moving.facts, node, moving.hasState), ...readsOf(apps, state) };
    const delegation = delegations.get(node);
    const shifts = shiftsOn(planning.plan, node, apps);
    const asking = askingOn(planning.plan, node, apps, documents);
    const isSame = canonicalJson(before?.apps ?? []) === canonicalJson(apps) && canonicalJson(before?.shifts ?? {}) === canonicalJson(shifts) && canonicalJson({ stages: before?.stages, spare: before?.spare }) === canonicalJson(asking) && canonicalJson(before?.moving ?? {}) === canonicalJson(own) && canonicalJson(before?.delegation ?? null) === canonicalJson(delegation ?? null);
    const isSigned = roots === undefined || (canonicalJson(before?.signatures?.images) === canonicalJson(images) && before?.signatures?.director[`${roots}.root.json`] !== undefined);
    const claim = known.claims.get(node);
    if (isSame && !isOther(claim, apps, deployed) && before?.policy?.hash === state.policy?.hash && isSigned && !runsAnother(state, node)) continue;
    if (isWaiting && (claim !== undefined || hasNeeds([...apps, ...(before?.apps ?? [])]))) {
      unfinished.push(node);
      continue;
    }
    const policy = state.policy === undefined ? {} : { policy: { text: state.policy.text, hash: state.policy.hash } };
    const version = nextVersion(planning, node, before);
    const signatures = images === undefined ? undefined : await directFor({ node, version, apps, deployed: state.apps, images, policy: state.policy }, host);
    const document: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version, plan, apps: [...apps], ...(Object.keys(own).length === 0 ? {} : { moving: own }), ...(Object.keys(shifts).length === 0 ? {} : { shifts }), ...asking, ...(delegation === undefined ? {} : { delegation }), ...policy, ...(signatures === undefined ? {} : { signatures }) };
    const bytes = encoder.encode(canonicalJson(document));
    cells.push({ key: `desired/${node}`, value: bytes });
    records.push(host.events.record({ stream: "audit", type: eventTypes.issued, class: "public", producer: "control", subject: node, data: { node, version: document.version, plan, document: documentMark(host.ports.crypto.sha256(bytes)) } }));
    // What nobody has deployed here, and the node ran, it runs until it has this.
    for (const unit of claim?.stops ?? []) if (!deployed.has(unit)) ended.push({ unit, node, version });
  }
  if (isWaiting) return { records, cells, isWaiting: unfinished.length + readMoves(log).length > 0, isSure: false };
  const { holders, begun } = holdersAfter(planning, moving, assignments, host);
  for (const { unit, node, anew } of begun) records.push(host.events.record({ stream: "audit", type: eventTypes.anew, class: "public", producer: "control", subject: unit, data: { unit, node: anew.on, from: node, because: anew.because } }));
  return { isWaiting: false, isSure: true, records, cells: [...cells, ...[leavingCell(log, [...leaving, ...ended]), movesCell(log, moving.moves), holdersCell(log, holders)].filter((cell) => cell !== undefined)] };
}

const hasNeeds = (apps: readonly AppDocument[]): boolean => apps.some(({ functions }) => functions.some(({ needs }) => needs !== undefined));

/** Whether it is not known yet where units with needs stand, some of which are here. */
const isUncertain = (recall: Recall, apps: readonly AppDocument[]): boolean => hasNeeds(apps) && !recall.mayPlace(stoppingOf(apps).length > 0);

/** Whether by the document that a node has, and control does not remember, it has others of the units that are deployed than it is to have. */
function isOther(claim: Claim | undefined, apps: readonly AppDocument[], deployed: ReadonlySet<string>): boolean {
  if (claim === undefined) return false;
  const wanted = unitsOf(apps).filter((unit) => deployed.has(unit));
  const has = [...claim.units].filter((unit) => deployed.has(unit));
  return claim.isContested || [...claim.moving].some((unit) => deployed.has(unit)) || wanted.length !== has.length || wanted.some((unit) => !claim.units.has(unit));
}

/** Functions with needs, and those of them that are left to sites. */
export function placeableOf(documents: readonly AppDocument[]): { readonly deployed: ReadonlySet<string>; readonly delegated: ReadonlySet<string> } {
  const placeable = documents.flatMap((app) => app.functions.flatMap(({ name, needs }) => (needs === undefined ? [] : [{ unit: `${app.name}/${name}`, isDelegated: needs.delegated === true }])));
  return { deployed: new Set(placeable.map(({ unit }) => unit)), delegated: new Set(placeable.flatMap(({ unit, isDelegated }) => (isDelegated ? [unit] : []))) };
}

function holdersAfter({ state, plan }: Planning, { moves, facts }: MoveStep, assignments: readonly Assignment[], { log, ports }: ControlHost): ReturnType<typeof nextHolders> {
  const isOurs = (unit: string): boolean => facts.deployed.has(unit) && !facts.delegated.has(unit);
  const assigned = new Map(assignments.map(({ node, apps }) => [node, new Set(apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`)).filter(isOurs))]));
  const { held, deployed, delegated } = facts;
  return nextHolders(readHolders(log), {
    held, assigned, deployed, delegated, moves,
    movesBefore: readMoves(log),
    wanted: (unit) => (facts.placed.get(unit)?.length ?? 0) + (plan?.unplaced ?? []).filter((one) => one.unit === unit).length,
    whyNot: (node) => (state.revoked.has(node) ? `${node} was revoked` : facts.isHeard(node) ? `${node} did not give it in time` : `${node} was not heard for longer than its lease`),
    at: isoTime(ports.clock.wall().ms),
  });
}

/** When the jobs run that this node has. */
function shiftsOn(plan: Planning["plan"], node: string, apps: readonly AppDocument[]): NonNullable<Desired["shifts"]> {
  const here = new Set(apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`)));
  return Object.fromEntries((plan?.shifts ?? []).flatMap(({ unit, node: at, ...shift }) => (at === node && here.has(unit) ? [[unit, shiftSchema.strip().parse(shift)]] : [])));
}

/** How much of models that ask others is done there; and which models with needs stand there without being placed, for what is in front of them. */
function askingOn(plan: Planning["plan"], node: string, apps: readonly AppDocument[], documents: readonly AppDocument[]): Pick<Desired, "stages" | "spare"> {
  const here = new Set(apps.flatMap((app) => app.models.map(({ name }) => `${app.name}/${name}`)));
  const stages = Object.fromEntries((plan?.stages ?? []).flatMap((stage) => (stage.node === node && here.has(stage.model) ? [[stage.model, stage.here] as const] : [])));
  const standing = new Set<string>([...(plan?.placements ?? []).filter((one) => one.node === node).map(({ unit }) => unit), ...copiesOf(plan, apps).filter((one) => one.node === node).map(({ unit }) => unit)]);
  const spare = apps.flatMap(({ name: app, models }) => {
    const ends = endsOfParts(documents.find(({ name }) => name === app)?.models ?? models);
    const behind = new Set(models.flatMap(({ split }) => (split === undefined ? [] : [split.above])));
    return models.flatMap(({ name, needs }) => (behind.has(name) && needs !== undefined && !standing.has(`${app}/${ends.get(name) ?? name}`) ? [`${app}/${name}`] : []));
  });
  return { ...(Object.keys(stages).length === 0 ? {} : { stages }), ...(spare.length === 0 ? {} : { spare: spare.sort() }) };
}

/** Large models of cascades that stand where they are asked, too. */
function copiesOf(plan: Planning["plan"], documents: readonly AppDocument[]): readonly { readonly unit: string; readonly node: string }[] {
  const asked = new Map<string, string>(documents.flatMap(({ name: app, models }) => models.flatMap(({ name, cascade }) => (cascade?.auto === undefined ? [] : [[`${app}/${name}`, `${app}/${cascade.above}`] as const]))));
  return (plan?.stages ?? []).flatMap(({ model, node, here }) => (here === 2 && asked.has(model) ? [{ unit: asked.get(model) ?? "", node }] : []));
}

/** By unit with sources, the nodes of those sites. */
function readsOf(apps: readonly AppDocument[], { nodes }: ControlState): Pick<Moving, "reads"> {
  const reads = apps.flatMap((app) => app.functions.flatMap(({ name, needs }) => (needs?.sources === undefined ? [] : [[`${app.name}/${name}`, needs.sources] as const])));
  const at = (sources: readonly { readonly site: string }[]): string[] => [...nodes.values()].filter(({ site }) => sources.some((source) => source.site === site)).map(({ name }) => name).sort();
  return reads.length === 0 ? {} : { reads: Object.fromEntries(reads.map(([unit, sources]) => [unit, at(sources)])) };
}

/**
 * What stops on islands is left out of a document as long as another node may still run it. What is left to a site stands in the documents of all its members, of whom the lead lets one run it; it
 * leaves the site when all of them have a document without it.
 */
function assign(planning: Planning, { held, delegations, known }: { readonly held: ReadonlyMap<string, Desired | undefined>; readonly delegations: ReadonlyMap<string, Delegation>; readonly known: KnownStanding }, log: Log, isPlacedHere: (unit: string, node: string) => boolean): { readonly assignments: readonly Assignment[]; readonly leaving: Leaving } {
  const { state, hearing, plan } = planning;
  const documents = [...state.apps.values()].map((app) => app.document);
  const nodes = [...state.nodes.values()];
  const copies = new Set<string>(copiesOf(plan, documents).map(({ unit, node }) => `${unit} ${node}`));
  const placed = new Set((plan?.placements ?? []).map(({ unit, node }) => `${unit} ${node}`));
  const stopping = new Set(stoppingOf(documents));
  const isLeft = (delegation: Delegation | undefined, unit: string): boolean => delegation?.units.some((one) => one.unit === unit) === true;
  const leftTo = new Map([...delegations.values()].flatMap(({ site, units }) => units.map(({ unit }) => [unit, site] as const)));
  const leaves = nodes.flatMap(({ name: node }) => {
    const before = held.get(node);
    return known.stopping(node).flatMap((unit) => {
      const isDelegated = isLeft(before?.delegation, unit);
      const isOver = !isDelegated && hearing.isLeaseOver(node);
      const stays = isLeft(delegations.get(node), unit) || (!leftTo.has(unit) && (placed.has(`${unit} ${node}`) || isPlacedHere(unit, node)));
      return isOver || stays ? [] : [{ unit, node, version: nextVersion(planning, node, before), ...(isDelegated ? { delegated: true } : {}) }];
    });
  });
  const leaving = [...stillLeaving(log, state.nodes, hearing).filter(({ unit, node }) => !leaves.some((leave) => leave.unit === unit && leave.node === node)), ...leaves];
  const isHere = (unit: string, node: string): boolean => {
    if (copies.has(`${unit} ${node}`)) return true;
    const isWanted = leftTo.has(unit) ? isLeft(delegations.get(node), unit) : isPlacedHere(unit, node);
    const site = leftTo.get(unit);
    return isWanted && !(stopping.has(unit) && leaving.some((leave) => leave.unit === unit && leave.node !== node && (site === undefined || leave.delegated !== true || state.nodes.get(leave.node)?.site !== site)));
  };
  // Nobody is to wait for what a revoked node would say of a part.
  const assignments = planPlacement(documents, nodes, isHere).map((one) => (state.revoked.has(one.node) ? { ...one, apps: [] } : one));
  return { assignments, leaving };
}
