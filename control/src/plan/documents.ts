/** New desired documents for the nodes whose part of the plan has changed. What did not change keeps its version. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Assignment } from "@holon/core/placement/plan.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Delegation } from "@holon/core/schema/delegation.ts";
import type { AppNeeds } from "@holon/core/schema/needs.ts";
import { desiredSchema, documentMark, type Desired } from "@holon/core/schema/desired.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { ControlHost } from "../control.ts";
import { directFor } from "../publish.ts";
import { eventTypes, runsAnother, type ControlState } from "../store/fold.ts";
import { assign } from "./assign.ts";
import { delegationsOf, leftToSites, membersOf } from "./delegation.ts";
import { askingOn, readsOf, shiftsOn, type PlanInForce } from "./document-parts.ts";
import type { Hearing } from "./hearing.ts";
import { holdersCell, nextHolders, readHolders, withReturned, type Holder } from "./holders.ts";
import { leavingCell, returnedOf, stillLeaving, stoppingOf, type Leaving } from "./leaving.ts";
import { movesCell, movingOf, readMoves } from "./moving.ts";
import type { Movers, MoveStep } from "./movers.ts";
import type { Claim, Recall } from "./recall.ts";
import { knownStanding, unitsOf } from "./standing.ts";

export interface Planning {
  readonly state: ControlState;
  readonly hearing: Hearing;
  readonly movers: Movers;
  readonly recall: Recall;
  readonly plan: PlanInForce;
  /** Needs as that plan was made from. */
  readonly apps: readonly AppNeeds[];
}

const encoder = new TextEncoder();

export function heldDesired(log: Log, node: string): Desired | undefined {
  const bytes = log.cell(`desired/${node}`);
  return bytes && desiredSchema.parse(parseJson(bytes));
}

/** What a node has told of may be above what this control remembers, where it was put back from a backup: a number that was given means that document. Nobody's word uses the numbers up: beyond those that may be leapt over it is followed step by step. */
export const nextVersion = ({ state: { nodes }, recall }: { readonly state: Pick<ControlState, "nodes">; readonly recall: Pick<Recall, "told"> }, node: string, before: { readonly version: number } | undefined): number =>
  Math.max(before?.version ?? 0, Math.min(nodes.get(node)?.reported?.version ?? 0, Math.max(limits.desiredFreeMax, (before?.version ?? 0) + limits.desiredLeapMax)), recall.told(node)) + 1;

export interface Issuing {
  readonly records: NewRecord[];
  readonly cells: CellChange[];
  /** What concerns units with needs is not issued yet: it is not known where they stand. */
  readonly isWaiting: boolean;
  /** Whether it was known where units with needs stand, some of which are here. */
  readonly isSure: boolean;
  /** What is to be left to a site is not yet: what it holds is on its way there. */
  readonly isLeaving: boolean;
}

export async function documentsFor(planning: Planning, host: ControlHost & { readonly sizes: Map<BlobHash, number> }): Promise<Issuing> {
  const { state, plan, hearing, recall } = planning;
  const { log } = host;
  const held = new Map([...state.nodes.keys()].map((node) => [node, heldDesired(log, node)]));
  const documents = [...state.apps.values()].map(({ document }) => document);
  const isWaiting = isUncertain(recall, [...documents, ...[...held.values()].flatMap((one) => one?.apps ?? [])]);
  const known = knownStanding(held, readMoves(log), recall);
  const still = stillLeaving(log, state, hearing);
  const holders = withReturned(readHolders(log), returnedOf(log, state, still), known);
  const { deployed, delegated: wanted } = placeableOf(documents);
  const delegated = leftToSites(wanted, { state, known, still, holders, placements: plan?.placements ?? [], moves: readMoves(log) });
  const isOurs = (unit: string): boolean => deployed.has(unit) && !delegated.has(unit);
  const moving = await planning.movers.step(planning, { known, deployed, delegated, holders }, isWaiting);
  const next = (node: string): number => nextVersion(planning, node, held.get(node));
  const delegations = delegationsOf({ state, apps: planning.apps, placements: plan?.placements ?? [], held, delegated, nextVersion: next });
  const { assignments, leaving } = assign({ state, documents, plan, hearing, known, delegations, still, isOurs, isPlacedHere: moving.isHere, nextVersion: next });
  const hash = plan?.hash ?? toHex(host.ports.crypto.sha256(encoder.encode(canonicalJson(assignments))));
  const records: NewRecord[] = [];
  const cells: CellChange[] = [];
  const unfinished: string[] = [];
  const ended: Leaving[number][] = [];
  // A policy is signed for each node though no publisher signed anything yet: nodes with a pinned root follow no other.
  const images = state.images ?? (state.policy === undefined ? undefined : {});
  const roots = images === undefined ? undefined : (await host.ports.director?.roots(host.ports.clock.wall().ms))?.length;
  for (const { node, apps } of assignments) {
    const before = held.get(node);
    const parts = partsOf(node, apps, { planning, documents, moving, delegation: delegations.get(node) });
    // Who was revoked is given one that is empty, by which nobody waits for it; nothing behind it would reach anybody.
    if (state.revoked.has(node) && (before?.apps.length ?? 0) === 0 && known.claims.get(node) === undefined) continue;
    const isSigned = roots === undefined || (canonicalJson(before?.signatures?.images) === canonicalJson(images) && before?.signatures?.director[`${roots}.root.json`] !== undefined);
    const claim = known.claims.get(node);
    if (areSame(before, apps, parts) && !isOther(claim, apps, deployed) && before?.policy?.hash === state.policy?.hash && isSigned && !runsAnother(state, node)) continue;
    if (isWaiting && (claim !== undefined || hasNeeds([...apps, ...(before?.apps ?? [])]))) {
      unfinished.push(node);
      continue;
    }
    const version = next(node);
    const policy = state.policy === undefined ? {} : { policy: { text: state.policy.text, hash: state.policy.hash } };
    const signatures = images === undefined ? {} : { signatures: await directFor({ node, version, apps, deployed: state.apps, images, policy: state.policy }, host) };
    const document: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version, plan: hash, apps: [...apps], ...parts, ...policy, ...signatures };
    const bytes = encoder.encode(canonicalJson(document));
    cells.push({ key: `desired/${node}`, value: bytes });
    records.push(host.events.record({ stream: "audit", type: eventTypes.issued, class: "public", producer: "control", subject: node, data: { node, version: document.version, plan: hash, document: documentMark(host.ports.crypto.sha256(bytes)) } }));
    // What nobody has deployed here, and the node ran, it runs until it has this.
    for (const unit of claim?.stops ?? []) if (!deployed.has(unit)) ended.push({ unit, node, version });
  }
  if (isWaiting) return { records, cells, isWaiting: unfinished.length + readMoves(log).length > 0, isSure: false, isLeaving: false };
  const after = holdersAfter(planning, moving, { assignments, holders, isOurs }, host);
  for (const { unit, node, anew } of after.begun) records.push(host.events.record({ stream: "audit", type: eventTypes.anew, class: "public", producer: "control", subject: unit, data: { unit, node: anew.on, from: node, because: anew.because } }));
  const isLeaving = [...wanted].some((unit) => !delegated.has(unit) && (plan?.placements ?? []).some((one) => one.unit === unit && membersOf(state, one.node) !== undefined));
  return { isWaiting: false, isSure: true, isLeaving, records, cells: [...cells, ...[leavingCell(log, [...leaving, ...ended]), movesCell(log, moving.moves), holdersCell(log, after.holders)].filter((cell) => cell !== undefined)] };
}

type Parts = Pick<Desired, "moving" | "shifts" | "stages" | "spare" | "delegation">;

/** What its document says of the node beside the apps. */
function partsOf(node: string, apps: readonly AppDocument[], { planning: { state, plan }, documents, moving, delegation }: { readonly planning: Planning; readonly documents: readonly AppDocument[]; readonly moving: MoveStep; readonly delegation: Delegation | undefined }): Parts {
  const own = { ...movingOf(moving.moves, moving.facts, node, moving.hasState), ...readsOf(apps, state) };
  const shifts = shiftsOn(plan, node, apps);
  return { ...(Object.keys(own).length === 0 ? {} : { moving: own }), ...(Object.keys(shifts).length === 0 ? {} : { shifts }), ...askingOn(plan, node, apps, documents), ...(delegation === undefined ? {} : { delegation }) };
}

const areSame = (before: Desired | undefined, apps: readonly AppDocument[], { moving, shifts, stages, spare, delegation }: Parts): boolean =>
  canonicalJson([before?.apps ?? [], before?.shifts ?? {}, { stages: before?.stages, spare: before?.spare }, before?.moving ?? {}, before?.delegation ?? null]) === canonicalJson([apps, shifts ?? {}, { stages, spare }, moving ?? {}, delegation ?? null]);

const hasNeeds = (apps: readonly AppDocument[]): boolean => apps.some(({ functions }) => functions.some(({ needs }) => needs !== undefined));

/** Whether it is not known yet where units with needs stand, some of which are here. */
const isUncertain = (recall: Recall, apps: readonly AppDocument[]): boolean => hasNeeds(apps) && !recall.mayPlace(stoppingOf(apps).length > 0);

/** Whether by the document that a node has, and control does not remember, it has others of the units that are deployed than it is to have. */
function isOther(claim: Claim | undefined, apps: readonly AppDocument[], deployed: ReadonlySet<string>): boolean {
  if (claim === undefined) return false;
  if (claim.left.size > 0) return true; // by numbers that this control did not give
  const wanted = unitsOf(apps).filter((unit) => deployed.has(unit));
  const has = [...claim.units].filter((unit) => deployed.has(unit));
  return claim.isContested || [...claim.moving].some((unit) => deployed.has(unit)) || wanted.length !== has.length || wanted.some((unit) => !claim.units.has(unit));
}

/** Functions with needs, and those of them that are left to sites. */
export function placeableOf(documents: readonly AppDocument[]): { readonly deployed: ReadonlySet<string>; readonly delegated: ReadonlySet<string> } {
  const placeable = documents.flatMap((app) => app.functions.flatMap(({ name, needs }) => (needs === undefined ? [] : [{ unit: `${app.name}/${name}`, isDelegated: needs.delegated === true }])));
  return { deployed: new Set(placeable.map(({ unit }) => unit)), delegated: new Set(placeable.flatMap(({ unit, isDelegated }) => (isDelegated ? [unit] : []))) };
}

function holdersAfter({ state, plan }: Planning, { moves, facts }: MoveStep, { assignments, holders, isOurs }: { readonly assignments: readonly Assignment[]; readonly holders: readonly Holder[]; isOurs(unit: string): boolean }, { log, ports }: ControlHost): ReturnType<typeof nextHolders> {
  const assigned = new Map(assignments.map(({ node, apps }) => [node, new Set(unitsOf(apps).filter(isOurs))]));
  const { held, deployed, delegated } = facts;
  return nextHolders(holders, {
    held, assigned, deployed, delegated, moves,
    movesBefore: readMoves(log),
    wanted: (unit) => (facts.placed.get(unit)?.length ?? 0) + (plan?.unplaced ?? []).filter((one) => one.unit === unit).length,
    whyNot: (node) => (state.revoked.has(node) ? `${node} was revoked` : facts.isHeard(node) ? `${node} did not give it in time` : `${node} was not heard for longer than its lease`),
    at: isoTime(ports.clock.wall().ms),
  });
}
