/** What is told of people by events: all of it to who may read the same by its own route, to others that there was something. */
import { seesAllTokens, type Caller } from "@holon/core/api/caller.ts";
import { openOfPeople, routeOfPeople } from "@holon/core/event/of-people.ts";
import { fitsPattern } from "@holon/core/policy/policy.ts";
import type { Principal } from "@holon/core/policy/principal.ts";
import type { CallerRole } from "@holon/core/policy/roles.ts";
import type { Event } from "@holon/core/schema/event.ts";
import { saidIn, type Reveal } from "../store/people.ts";

export type MayCall = (principal: Principal, role: CallerRole, resource: string) => boolean;

export const createShow =
  (reveal: Reveal, mayCall: MayCall) =>
  (event: Event, caller: Caller): Event => {
    const route = routeOfPeople(event);
    if (route === undefined) return event;
    const { subject: _, ...rest } = event;
    const open = openOfPeople(event);
    const said = mayRead(caller, route, mayCall) ? saidIn(event, reveal) : undefined;
    if (said === undefined) return { ...rest, data: { ...open, withheld: `for who may ${route}` } };
    // What stands for a token helps nobody who reads.
    const { hash: __, ...data } = said.data;
    return { ...rest, ...(said.subject === undefined ? {} : { subject: said.subject }), data: { ...open, ...data } };
  };

/** As the guard would say, without a word of it in the trail: nobody has called it. */
function mayRead(caller: Caller, route: string, mayCall: MayCall): boolean {
  const { principal, role, routes, maker } = caller;
  if (routes !== undefined && !routes.some((pattern) => fitsPattern(pattern, route))) return false;
  if (route === "GET/v1/tokens" && !seesAllTokens(caller)) return false;
  return mayCall(principal, role, route) && (maker === undefined || mayCall({ kind: "person", name: maker.name }, maker.role, route));
}
