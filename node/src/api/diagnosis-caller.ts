/** Who looks into a node by way of this one's API, and whether this node's own guard lets them. */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { decideFor } from "@holon/core/api/decide-for.ts";
import { routeResource, type Call } from "@holon/core/api/guarded.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import type { AskedBy } from "@holon/core/diagnosis/ask.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Spent } from "@holon/core/api/spent.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { HolonNode } from "../node.ts";

/** Where people are known: waits for another person, and says who that was and what they signed. */
export interface ShellApprovals {
  approved(call: Call, decision: Decision): Promise<{ readonly by: string; readonly signature: unknown; readonly spent?: Spent | undefined }>;
}

export interface DiagnosisNode extends Pick<HolonNode, "config" | "diagnosis" | "guard"> {
  readonly approvals?: ShellApprovals | undefined;
}

/** Who calls, where this node's own guard lets them: the node that is asked decides once more. `route`: of a call that may wait for another person, where the policy wants one. */
export const askedBy = async (node: DiagnosisNode, request: RouteRequest, what: string, route?: Route): Promise<AskedBy> => (await askedByTwo(node, request, what, route)).by;

/** The same, with what the other person signed. `isSigned`: by whoever calls, who so wants another's signature whatever the policy wants. */
export async function askedByTwo(node: DiagnosisNode, request: RouteRequest, what: string, route?: Route, isSigned = false): Promise<{ readonly by: AskedBy; readonly second?: unknown }> {
  const { caller = machineCaller } = request;
  const decision = await decide(node, request, what);
  const wantsTwo = decision.wantsApproval === true || (decision.allow && isSigned);
  if (wantsTwo && route !== undefined && node.approvals !== undefined) {
    const asked = decision.allow ? { ...decision, reason: `${decision.reason}; what one has signed waits for another` } : decision;
    const { by, signature, spent } = await node.approvals.approved({ caller, resource: routeResource(route), route, request }, asked);
    request.spends?.(spent);
    return { by: { ...byOf(caller, node), approvedBy: by }, second: signature };
  }
  if (!decision.allow) throw new HolonError("HOLON_POLICY_DENIED", decision.reason);
  return { by: byOf(caller, node) };
}

/** Who goes on with what was asked before: where two wanted it, one of those two. Whoever may ask for it alone may as well. */
export async function goesOn(node: DiagnosisNode, request: RouteRequest, what: string, before: AskedBy): Promise<AskedBy> {
  const by = byOf(request.caller ?? machineCaller, node);
  const decision = await decide(node, request, what);
  const isOneOfThem = by.principal === before.principal || by.principal === before.approvedBy;
  if (!decision.allow && !(decision.wantsApproval === true && isOneOfThem)) throw new HolonError("HOLON_POLICY_DENIED", decision.reason);
  return decision.allow || before.approvedBy === undefined ? by : { ...by, approvedBy: before.approvedBy };
}

/** As this node's own guard says of who calls; also of a shell, which no role has. */
export const decide = ({ guard, config: { name, site, tier } }: DiagnosisNode, { caller = machineCaller }: RouteRequest, what: string): Promise<Decision> =>
  decideFor(caller, (principal, role) => guard.decide(principal, "diagnose", { name: what }, { facts: { role, node: name, site, tier } }));

export const byOf = ({ principal, role, maker }: Caller, { config }: Pick<HolonNode, "config">): AskedBy => ({ principal: printPrincipal(principal), role, ...(maker === undefined ? {} : { maker }), at: config.name });

export const nodeOf = ({ params }: Pick<RouteRequest, "params">): string => params["node"] ?? "";
