/** Routes behind the guard: each call is asked for by who makes it, before anything of it is done. */
import { HolonError } from "../errors.ts";
import { printRequest } from "../policy/compile.ts";
import { fitsPattern, type Context, type Decision } from "../policy/policy.ts";
import { printPrincipal, type Principal } from "../policy/principal.ts";
import { roleFact } from "../policy/roles.ts";
import { machineCaller, type Caller } from "./caller.ts";
import type { Route, RouteRequest } from "./route.ts";

export const machineToken: Principal = machineCaller.principal;

/** What policies call a route: `GET/v1/nodes/{node}`, whatever node it is. */
export const routeResource = ({ method, path }: Pick<Route, "method" | "path">): string => `${method}${path}`;

/** A call that is about to be made. */
export interface Call {
  readonly caller: Caller;
  readonly resource: string;
  readonly route: Route;
  readonly request: RouteRequest;
}

export interface Gate {
  decide(principal: Principal, resource: string, context: Context): Promise<Decision>;
  /** The policy wants another person's approval: resolves where it is there and not used yet, else fails with `HOLON_APPROVAL_PENDING`. Without it such calls are denied. */
  approved?(call: Call, decision: Decision): Promise<void>;
  /** For the trail. */
  refused?(call: Call, decision: Decision): Promise<void>;
}

/** `HOLON_POLICY_DENIED` where the guard says no. Open routes tell nothing, so nobody is asked. */
export function guardRoutes(routes: readonly Route[], gate: Gate): readonly Route[] {
  return routes.map((route) => {
    if (route.open === true) return route;
    const ask = (request: RouteRequest): Promise<void> => demand({ caller: request.caller ?? machineCaller, resource: routeResource(route), route, request }, gate);
    const { follow, watch } = route;
    return {
      ...route,
      async handle(request) {
        await ask(request);
        return route.handle(request);
      },
      ...(follow === undefined
        ? {}
        : {
            async *follow(request, signal) {
              await ask(request);
              yield* follow.call(route, request, signal);
            },
          }),
      ...(watch === undefined
        ? {}
        : {
            async *watch(request, signal) {
              await ask(request);
              yield* watch.call(route, request, signal);
            },
          }),
    } satisfies Route;
  });
}

async function demand(call: Call, gate: Gate): Promise<void> {
  const { caller, resource } = call;
  const decision = outOfScope(caller, resource) ?? (await gate.decide(caller.principal, resource, { facts: { [roleFact]: caller.role } }));
  if (decision.allow) return;
  if (decision.wantsApproval === true && gate.approved !== undefined) return gate.approved(call, decision);
  await gate.refused?.(call, decision);
  throw new HolonError("HOLON_POLICY_DENIED", decision.reason, caller.role === "bootstrap" ? { next: "Log in with `holon login NAME`: since the fleet has an owner, the machine's token only makes users and sets passwords." } : {});
}

/** A token may be for less than its role, whatever the policy says of the role. */
function outOfScope({ principal, routes }: Caller, resource: string): Decision | undefined {
  if (routes === undefined || routes.some((pattern) => fitsPattern(pattern, resource))) return undefined;
  const request = printRequest({ principal, action: "call", resource: { name: resource }, context: {} });
  return { allow: false, rule: "scope", reason: `${printPrincipal(principal)} is for ${routes.join(", ")} and not for this: ${request}` };
}
