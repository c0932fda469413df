/** A node's local API: works with no uplink, since it is answered from the node's own log and memory. */
import { eventRoutes } from "@holon/core/api/event-routes.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { HolonNode } from "../node.ts";

const doneSchema = z.object({ ok: z.literal(true) });
const done = { status: 200, body: { ok: true } };

export function nodeRoutes(node: HolonNode): readonly Route[] {
  const uplinkOf = (): void => {
    if (node.config.parent === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${node.config.name} is a root: it has no uplink`);
  };
  return [
    { method: "GET", path: "/v1/health", summary: "Whether the API answers.", open: true, answer: doneSchema, handle: () => Promise.resolve(done) },
    {
      method: "GET",
      path: "/v1/status",
      summary: "What runs here, the links, the log.",
      answer: z.looseObject({ node: z.string() }),
      handle: () => Promise.resolve({ status: 200, body: node.status() }),
    },
    {
      method: "POST",
      path: "/v1/link/cut",
      summary: "Cuts this node's uplink, for trying an outage.",
      answer: doneSchema,
      handle() {
        uplinkOf();
        node.cutUplink();
        return Promise.resolve(done);
      },
    },
    {
      method: "POST",
      path: "/v1/link/heal",
      summary: "Heals an uplink that was cut.",
      answer: doneSchema,
      handle() {
        uplinkOf();
        node.healUplink();
        return Promise.resolve(done);
      },
    },
    ...eventRoutes(node.log),
    ...functionRoutes(node),
  ];
}

/** What functions of this node answer. Which paths there are, their apps say. */
const functionRoutes = (node: Pick<HolonNode, "ask">): readonly Route[] =>
  (["GET", "POST", "PUT", "DELETE"] as const).map((method) => ({
    method,
    path: "/v1/apps/{app}/http/{path*}",
    summary: "Asks a function that answers requests.",
    query: z.looseObject({}),
    ...(method === "POST" || method === "PUT" ? { body: z.unknown() } : {}),
    answer: z.unknown(),
    handle: ({ params, query, body }) => node.ask(params["app"] ?? "", { method, path: `/${params["path"] ?? ""}`, query, body: body ?? null }),
  }));
