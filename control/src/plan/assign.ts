/** Which apps, and which parts of them, stand in the document of each node. */
import { planPlacement, type Assignment } from "@holon/core/placement/plan.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Delegation } from "@holon/core/schema/delegation.ts";
import type { ControlState } from "../store/fold.ts";
import { copiesOf, type PlanInForce } from "./document-parts.ts";
import type { Hearing } from "./hearing.ts";
import { stoppingOf, type Leaving } from "./leaving.ts";
import type { KnownStanding } from "./standing.ts";

export interface AssignInput {
  readonly state: Pick<ControlState, "nodes" | "revoked">;
  readonly documents: readonly AppDocument[];
  readonly plan: PlanInForce;
  readonly hearing: Pick<Hearing, "isLeaseOver">;
  readonly known: Pick<KnownStanding, "left" | "stopping">;
  /** By member. */
  readonly delegations: ReadonlyMap<string, Delegation>;
  /** Units that may still run where they are to run no more. */
  readonly still: Leaving;
  /** Whether control places it, alone. */
  isOurs(unit: string): boolean;
  /** As far as moves go. */
  isPlacedHere(unit: string, node: string): boolean;
  nextVersion(node: string): number;
}

/**
 * What stops on islands is left out of a document as long as another node may still run it. What is left to a site stands in the documents of all its members, of whom the lead lets one run it; it
 * leaves the site when all of them have a document without it, and none of them runs it by control's word before.
 */
export function assign(input: AssignInput): { readonly assignments: readonly Assignment[]; readonly leaving: Leaving } {
  const { state, documents, plan, delegations } = input;
  const nodes = [...state.nodes.values()];
  const copies = new Set<string>(copiesOf(plan, documents).map(({ unit, node }) => `${unit} ${node}`));
  const stopping = new Set(stoppingOf(documents));
  const leftTo = new Map([...delegations.values()].flatMap(({ site, units }) => units.map(({ unit }) => [unit, site] as const)));
  const leaves = nodes.flatMap(({ name }) => leavesOf(name, input, leftTo));
  const leaving = [...input.still.filter(({ unit, node }) => !leaves.some((leave) => leave.unit === unit && leave.node === node)), ...leaves];
  const mayRunElsewhere = (unit: string, node: string): boolean => {
    const site = leftTo.get(unit);
    return leaving.some((leave) => leave.unit === unit && (leave.delegated === true ? site === undefined || state.nodes.get(leave.node)?.site !== site : leave.node !== node));
  };
  const isHere = (unit: string, node: string): boolean => {
    if (copies.has(`${unit} ${node}`)) return true;
    const isWanted = leftTo.has(unit) ? isLeftBy(delegations.get(node), unit) : input.isPlacedHere(unit, node);
    return isWanted && !(stopping.has(unit) && mayRunElsewhere(unit, node));
  };
  // Nobody is to wait for what a revoked node would say of a part.
  const assignments = planPlacement(documents, nodes, isHere).map((one) => (state.revoked.has(one.node) ? { ...one, apps: [] } : one));
  return { assignments, leaving };
}

const isLeftBy = (delegation: Delegation | undefined, unit: string): boolean => delegation?.units.some((one) => one.unit === unit) === true;

/** What a node may run, and is to run no more by its next document. */
function leavesOf(node: string, { plan, hearing, known, delegations, isOurs, isPlacedHere, nextVersion }: AssignInput, leftTo: ReadonlyMap<string, string>): Leaving {
  const delegation = delegations.get(node);
  const given = [...(known.left.get(node) ?? [])].filter((unit) => !isLeftBy(delegation, unit)).map((unit) => ({ unit, node, version: nextVersion(node), delegated: true }));
  if (hearing.isLeaseOver(node)) return given;
  const isPlaced = (unit: string): boolean => plan?.placements.some((one) => one.unit === unit && one.node === node) === true || isPlacedHere(unit, node);
  const stays = (unit: string): boolean => isLeftBy(delegation, unit) || (!leftTo.has(unit) && isPlaced(unit));
  return [...given, ...known.stopping(node, isOurs).flatMap((unit) => (stays(unit) ? [] : [{ unit, node, version: nextVersion(node) }]))];
}
