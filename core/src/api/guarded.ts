/** Routes behind the guard: each call is asked for by who makes it, before anything of it is done. */
import { HolonError, toHolonError } from "../errors.ts";
import { printRequest } from "../policy/compile.ts";
import { fitsPattern, type Context, type Decision } from "../policy/policy.ts";
import { printPrincipal, type Principal } from "../policy/principal.ts";
import { roleFact } from "../policy/roles.ts";
import { machineCaller, type Caller } from "./caller.ts";
import { decideFor } from "./decide-for.ts";
import { denyingRule } from "./denial.ts";
import type { Route, RouteRequest } from "./route.ts";
import { openAccount, type Account, type Spent } from "./spent.ts";

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
  /** The policy wants another person's approval: resolves where it is there and not used yet, which uses it, else fails with `HOLON_APPROVAL_PENDING`. Without it such calls are denied. */
  approved?(call: Call, decision: Decision): Promise<Spent | undefined>;
  /** For the trail. */
  refused?(call: Call, decision: Decision): Promise<void>;
}

/** `HOLON_POLICY_DENIED` where the guard says no. Open routes tell nothing, so nobody is asked. */
export function guardRoutes(routes: readonly Route[], gate: Gate): readonly Route[] {
  return routes.map((route) => {
    if (route.open === true) return route;
    const callsOf = (request: RouteRequest): readonly Call[] => {
      const caller = request.caller ?? machineCaller;
      return [routeResource(route), ...(route.tellsOf?.(request) ?? [])].map((resource) => ({ caller, resource, route, request }));
    };
    const ask = async (request: RouteRequest, account: Account): Promise<void> => {
      for (const call of callsOf(request)) account.spends(await demand(call, gate));
    };
    async function* whileLet<T>(follow: (request: RouteRequest) => AsyncIterable<T>, request: RouteRequest): AsyncGenerator<T> {
      const account = openAccount(route);
      let hasTold = false;
      try {
        await ask(request, account);
        for await (const told of follow({ ...request, spends: account.spends })) {
          await demandStill(callsOf, request, gate);
          hasTold = true;
          yield told;
        }
      } catch (error) {
        if (!hasTold) await account.settle(error);
        throw error;
      }
    }
    const { follow, watch } = route;
    return {
      ...route,
      /** What wants approval is asked for with all of it. */
      async admit({ params, caller = machineCaller }) {
        const call = { caller, resource: routeResource(route), route, request: { params, query: {}, body: undefined, caller } };
        const decision = await decide(call, gate);
        if (!decision.allow && decision.wantsApproval !== true) await refuse(call, decision, gate);
      },
      async handle(request) {
        const account = openAccount(route);
        try {
          await ask(request, account);
          const admitted = { ...request, spends: account.spends };
          return await telling({ caller: request.caller ?? machineCaller, resource: routeResource(route), route, request }, gate, () => route.handle(admitted));
        } catch (error) {
          await account.settle(error);
          throw error;
        }
      },
      ...(follow === undefined
        ? {}
        : {
            follow: (request, signal) => whileLet((admitted) => follow.call(route, admitted, signal), request),
          }),
      ...(watch === undefined
        ? {}
        : {
            watch: (request, signal) => whileLet((admitted) => watch.call(route, admitted, signal), request),
          }),
    } satisfies Route;
  });
}

const decide = async ({ caller, resource }: Call, gate: Gate): Promise<Decision> => outOfScope(caller, resource) ?? (await decideFor(caller, (principal, role) => gate.decide(principal, resource, { facts: { [roleFact]: role } })));

async function demand(call: Call, gate: Gate): Promise<Spent | undefined> {
  const decision = await decide(call, gate);
  if (decision.allow) return undefined;
  const { approved } = gate;
  if (decision.wantsApproval === true && approved !== undefined) return telling(call, gate, () => approved(call, decision));
  return refuse(call, decision, gate);
}

/** Whom the guard let by, and who is refused behind it all the same. */
async function telling<T>(call: Call, gate: Gate, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const rule = denyingRule(error);
    if (rule !== undefined) await gate.refused?.(call, { allow: false, rule, reason: toHolonError(error).message });
    throw error;
  }
}

/** Before each thing that is told: a right may have ended since. What was approved once is approved until it ends. */
async function demandStill(callsOf: (request: RouteRequest) => readonly Call[], request: RouteRequest, gate: Gate): Promise<void> {
  const caller = request.callerNow === undefined ? request.caller : request.callerNow();
  if (caller === undefined && request.callerNow !== undefined) throw new HolonError("HOLON_API_UNAUTHORISED", "the session ended, or the token holds no more");
  for (const call of callsOf(caller === undefined ? request : { ...request, caller })) {
    const decision = await decide(call, gate);
    if (!decision.allow && decision.wantsApproval !== true) await refuse(call, decision, gate);
  }
}

async function refuse(call: Call, decision: Decision, gate: Gate): Promise<never> {
  await gate.refused?.(call, decision);
  throw new HolonError("HOLON_POLICY_DENIED", decision.reason, { next: nextOf(call.caller, decision) });
}

function nextOf({ role }: Caller, { rule }: Decision): string {
  if (role === "bootstrap") return "Log in with `holon login NAME`: since the fleet has an owner, the machine's token only makes users and sets passwords.";
  if (rule === "scope") return "Use another token: whoever made this one makes one with these routes (`holon token add NAME --routes …`), or without any.";
  if (rule === "default") return `Ask an owner for another role than ${role} (\`holon user role NAME ROLE\`), or for a rule of the policy that permits it.`;
  return "The reason names the rule: whoever may adopt a policy can change it.";
}

/** A token may be for less than its role, whatever the policy says of the role. */
function outOfScope({ principal, routes }: Caller, resource: string): Decision | undefined {
  if (routes === undefined || routes.some((pattern) => fitsPattern(pattern, resource))) return undefined;
  const request = printRequest({ principal, action: "call", resource: { name: resource }, context: {} });
  return { allow: false, rule: "scope", reason: `${printPrincipal(principal)} is for ${routes.join(", ")} and not for this: ${request}` };
}
