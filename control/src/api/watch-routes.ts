/** Watching the fleet over HTTP. */
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { z } from "zod";
import type { Control } from "../control.ts";
import { watchedKinds, type WatchedKind } from "../watch.ts";

const kindsPattern = new RegExp(`^(?:${watchedKinds.join("|")})(?:,(?:${watchedKinds.join("|")}))*$`);
const querySchema = z.strictObject({ /** Some of node, app, policy, plan, separated by commas; all without it. */ kinds: z.string().regex(kindsPattern).optional() });

const kindsOf = ({ query }: RouteRequest): readonly WatchedKind[] => {
  const { kinds } = querySchema.parse(query);
  return kinds === undefined ? watchedKinds : watchedKinds.filter((kind) => kinds.split(",").includes(kind));
};

/** What a watch tells of each kind, this route tells too. */
const routeOf: Readonly<Record<WatchedKind, string>> = { node: "GET/v1/nodes", app: "GET/v1/apps", policy: "GET/v1/policy", plan: "GET/v1/plan" };

export function watchRoutes(control: Control): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/watch",
      summary: "Nodes, apps, the policy and the plan as they are, and with `Accept: text/event-stream` each change of them from then on.",
      query: querySchema,
      tellsOf: (request) => kindsOf(request).map((kind) => routeOf[kind]),
      answer: z.object({ version: z.string(), rows: z.array(z.object({ kind: z.enum(watchedKinds), name: z.string(), value: z.unknown() })) }),
      async handle(request) {
        const rows: unknown[] = [];
        const stop = { aborted: false, onAbort: () => undefined };
        for await (const { event, data, id } of control.watch(kindsOf(request), undefined, stop)) {
          if (event === "put") rows.push(data);
          if (event === "synced") return { status: 200, body: { version: id, rows } };
        }
        return { status: 200, body: { version: "", rows } };
      },
      watch: (request, signal) => control.watch(kindsOf(request), request.lastEventId, signal),
    },
  ];
}
