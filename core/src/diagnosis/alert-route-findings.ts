/** What keeps those who are to be told of alerts from being told, and what to do. */
import type { RouteStatus } from "../alert/route-status.ts";
import type { Finding } from "./findings.ts";

export function alertRouteFindings(name: string, routes: readonly RouteStatus[]): readonly Finding[] {
  return routes.flatMap(({ route, to, waiting, isFailing, problem, since }): Finding[] => {
    if (problem === null) return [];
    if (!isFailing) return [{ check: name, state: "warn", says: `the last message by the alert route ${route} did not reach all whom it tells, at ${since ?? "no time"}: ${problem}`, next: `${nextOf[to]} Whom it told of what: \`holon alert list --node ${name}\`.` }];
    const waits = `${waiting} ${waiting === 1 ? "alert waits" : "alerts wait"}`;
    return [{ check: name, state: "bad", says: `nobody is told of alerts by the route ${route} (${to}) since ${since ?? "its start"}: ${problem}; ${waits}`, next: `${/ wants the secret /.test(problem) ? nextOfSecret : nextOf[to]} It is tried again by itself; how it stands: \`holon alert routes --node ${name}\`.` }];
  });
}

/** Nothing of it has reached a receiver. */
const nextOfSecret = "Write it into that file: it is taken without a start.";

const nextOf: Readonly<Record<RouteStatus["to"], string>> = {
  webhook: "See the receiver's own log, and `url` and `secret` of the route in `alerts.routes` of holon.node.yaml.",
  email: "See the mail server's own log, and `host`, `port`, `security`, `login` and `to` of the route in `alerts.routes` of holon.node.yaml.",
  event: "See what else is wrong with this node's log.",
};
