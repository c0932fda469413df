/** Routes behind the guard: each call is asked for by who makes it, before anything of it is done. */
import type { Principal } from "../policy/principal.ts";
import type { Route, RouteRequest } from "./route.ts";

/** Whoever shows the token of this machine, where the server knows no more about the caller. */
export const machineToken: Principal = { kind: "token", name: "machine" };

/** What policies call a route: `GET/v1/nodes/{node}`, whatever node it is. */
export const routeResource = ({ method, path }: Pick<Route, "method" | "path">): string => `${method}${path}`;

/** `demand` fails with `HOLON_POLICY_DENIED` where the guard says no. Open routes tell nothing, so nobody is asked. */
export function guardRoutes(routes: readonly Route[], demand: (principal: Principal, resource: string) => Promise<void>): readonly Route[] {
  return routes.map((route) => {
    if (route.open === true) return route;
    const ask = (request: RouteRequest): Promise<void> => demand(request.principal ?? machineToken, routeResource(route));
    const { follow } = route;
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
    } satisfies Route;
  });
}
