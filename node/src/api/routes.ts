/** A node's local API: works with no uplink, since it is answered from the node's own log and memory. */
import { eventRoutes } from "@holon/core/api/event-routes.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { HolonNode } from "../node.ts";
import type { ShellApprovals } from "./diagnosis-caller.ts";
import { diagnosisRoutes } from "./diagnosis-routes.ts";
import { scaleRoutes } from "./scale-routes.ts";
import { telemetryRoutes } from "./telemetry-routes.ts";
import { sharedRoutes } from "./shared-routes.ts";

const doneSchema = z.object({ ok: z.literal(true) });
const replaySchema = z.strictObject({ app: z.string().optional(), function: z.string().optional(), event: z.string().max(256).optional() });
const releaseSchema = z.strictObject({ app: z.string().optional(), function: z.string().optional() });
const done = { status: 200, body: { ok: true } };

export function nodeRoutes(node: HolonNode, approvals?: ShellApprovals): readonly Route[] {
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
      summary: "Cuts this node's uplink, for trying an outage: until it is healed, or the node is started anew.",
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
    {
      method: "GET",
      path: "/v1/functions",
      summary: "Functions of this node: what they do, what went wrong, and how many sandboxes are warm.",
      answer: z.looseObject({ functions: z.array(z.looseObject({ app: z.string(), name: z.string() })) }),
      handle() {
        const { units, sandboxes } = node.status().agent;
        return Promise.resolve({ status: 200, body: { functions: units, sandboxes } });
      },
    },
    {
      method: "GET",
      path: "/v1/functions/failed",
      summary: "Events that functions of this node could not handle.",
      answer: z.object({ failed: z.array(z.looseObject({ app: z.string(), function: z.string(), event: z.string() })) }),
      handle: () => Promise.resolve({ status: 200, body: { failed: node.failedEvents() } }),
    },
    {
      method: "POST",
      path: "/v1/functions/replay",
      summary: "Hands such events to their functions again.",
      body: replaySchema,
      answer: z.object({ replayed: z.int() }),
      handle: async ({ body }) => {
        const choice = replaySchema.parse(body);
        const replayed = node.replayFailed(choice);
        if (replayed === 0) demandSetAside(choice, node);
        return { status: 200, body: { replayed } };
      },
    },
    {
      method: "POST",
      path: "/v1/functions/release",
      summary: "Lets functions and reductions start again that are held back, since the node ended too often while they ran.",
      body: releaseSchema,
      answer: z.object({ released: z.int() }),
      handle: async ({ body }) => {
        const choice = releaseSchema.parse(body);
        const released = await node.releaseHeld(choice);
        if (released === 0) demandKnown(choice, node);
        return { status: 200, body: { released } };
      },
    },
    {
      method: "GET",
      path: "/v1/meter",
      summary: "What each function of this node has used since it was first started here.",
      answer: z.object({ node: z.string(), functions: z.array(z.looseObject({ app: z.string(), function: z.string() })) }),
      handle: () => Promise.resolve({ status: 200, body: { node: node.config.name, functions: node.metered() } }),
    },
    {
      method: "GET",
      path: "/v1/policy/node",
      summary: "What decides on this node: a policy, or the `egress` of its apps.",
      answer: z.object({ name: z.string(), version: z.int(), hash: z.string().nullable(), documentVersion: z.int() }),
      handle() {
        const { own, hash, version } = node.guard.inForce();
        return Promise.resolve({ status: 200, body: { name: own.policy.name, version: own.policy.version, hash: hash ?? null, documentVersion: version } });
      },
    },
    ...diagnosisRoutes({ config: node.config, diagnosis: node.diagnosis, guard: node.guard, approvals }),
    ...eventRoutes(node.log),
    ...sharedRoutes(node),
    ...telemetryRoutes(node.telemetry, node.clock),
    ...scaleRoutes(node.telemetry),
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
    handsOn: true,
    ...(method === "POST" || method === "PUT" ? { body: z.unknown() } : {}),
    answer: z.unknown(),
    handle: ({ params, query, body, traceparent }) => node.ask(params["app"] ?? "", { method, path: `/${params["path"] ?? ""}`, query, body: body ?? null, traceparent }),
  }));

/** `HOLON_UNIT_UNKNOWN`: nobody is told that nothing of it is held back where it is nowhere. */
function demandSetAside(choice: z.infer<typeof replaySchema>, node: Pick<HolonNode, "status" | "failedEvents" | "config">): void {
  const { app, function: fn, event } = choice;
  const isKnown = node.failedEvents().some((row) => (app === undefined || row.app === app) && (fn === undefined || row.function === fn) && (event === undefined || row.event === event));
  if (isKnown) return; // it is being replayed, or no function is here now that could
  demandKnown(choice, node);
  if (event !== undefined) throw new HolonError("HOLON_EVENT_UNKNOWN", `no event ${event} is set aside on ${node.config.name}`);
}

function demandKnown({ app, function: fn }: z.infer<typeof releaseSchema>, node: Pick<HolonNode, "status">): void {
  const status = node.status();
  const isKnown = status.agent.units.some((unit) => (app === undefined || unit.app === app) && (fn === undefined || unit.name === fn));
  if (!isKnown && app !== undefined) throw new HolonError("HOLON_UNIT_UNKNOWN", `${status.node} runs no ${fn === undefined ? `app ${app}` : `function ${app}/${fn}`}`, { next: "See `holon app list` for what runs where; ask a node that runs it, by its own API or with `--node NAME`." });
}
