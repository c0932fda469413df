/**
 * Looking into nodes: the same on control, for the fleet, and on every node, for itself and those below it. Over the links that the nodes made themselves, so that one behind a
 * translator of addresses is reached like any other.
 */
import type { Route, RouteRequest, StopSignal } from "@holon/core/api/route.ts";
import { adoptAnswerSchema, adoptWantedSchema } from "@holon/core/diagnosis/adoption.ts";
import { diagnosisMethods, logLevelSchema, logsAnswerSchema, resourceOf, tailAnswerSchema, wantedSchema, type AskedBy } from "@holon/core/diagnosis/ask.ts";
import { signedBySchema } from "@holon/core/diagnosis/signed-by.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { streamNameSchema } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { KnownRequest } from "../diagnosis/desk.ts";
import { askedBy, askedByTwo, decide, goesOn, nodeOf, type DiagnosisNode } from "./diagnosis-caller.ts";
import { shellRoutes } from "./shell-routes.ts";

const logsQuerySchema = z.strictObject({ level: logLevelSchema.optional(), since: z.iso.datetime().optional(), after: z.string().max(64).optional(), limit: z.coerce.number().int().min(1).max(diagnosisBounds.linesMax).optional() });
const eventsQuerySchema = z.strictObject({ stream: streamNameSchema.optional(), type: z.string().max(128).optional(), since: z.iso.datetime().optional(), until: z.iso.datetime().optional(), limit: z.coerce.number().int().min(1).max(diagnosisBounds.eventsMax).optional() });
const requestBodySchema = z.strictObject({ wanted: wantedSchema, /** How long it may wait for the node. */ forMs: z.int().min(1_000).max(diagnosisBounds.expiryMsMax).optional() });
const requestRowSchema = z.strictObject({ id: z.string(), node: z.string(), wanted: wantedSchema, by: z.string(), state: z.enum(["waiting", "sent", "done", "expired", "cancelled"]), askedAt: z.string(), expiresAt: z.string(), doneAt: z.string().nullable(), ok: z.boolean().nullable(), code: z.string().nullable() });
const resultQuerySchema = z.strictObject({ waitMs: z.coerce.number().int().min(0).max(8_000).optional() });
const doneSchema = z.object({ ok: z.literal(true) });

export function diagnosisRoutes(node: DiagnosisNode): readonly Route[] {
  const { desk } = node.diagnosis;
  const session = desk.session;
  const ask = async (route: Route, request: RouteRequest, what: "logs" | "events" | "commands", query: object): Promise<unknown> => {
    const by = await askedBy(node, request, `node.${what}`, route);
    return desk.now(nodeOf(request), diagnosisMethods[what], { by, session: session(), ...query }, diagnosisBounds.askMs);
  };
  const requestRoute: Route = {
    method: "POST",
    path: "/v1/nodes/{node}/requests",
    summary: "Asks a node for a report, a bundle, a profile or a declared command: now, or when it is there again. Done once; the same that you asked before and that still waits is answered with that one.",
    body: requestBodySchema,
    answer: requestRowSchema,
    async handle(request) {
      const { wanted, forMs = diagnosisBounds.expiryMs } = requestBodySchema.parse(request.body);
      const by = await askedBy(node, request, resourceOf(wanted), requestRoute);
      return { status: 202, body: rowOf(await desk.request(nodeOf(request), wanted, by, forMs)) };
    },
  };
  const logsRoute: Route = {
    method: "GET",
    path: "/v1/nodes/{node}/logs",
    summary: "The newest lines of a node's own log, asked over its link; as lines of JSON without end, those that follow.",
    query: logsQuerySchema,
    answer: logsAnswerSchema,
    handle: async (request) => ({ status: 200, body: logsAnswerSchema.parse(await ask(logsRoute, request, "logs", logsQuerySchema.parse(request.query))) }),
    follow: (request, signal) => followLogs(node, request, signal, { route: logsRoute, session: session() }),
  };
  const eventsRoute: Route = {
    method: "GET",
    path: "/v1/nodes/{node}/events",
    summary: "The newest events of a node's own log, asked over its link: what may not go anywhere is named, and not shown.",
    query: eventsQuerySchema,
    answer: tailAnswerSchema,
    handle: async (request) => ({ status: 200, body: tailAnswerSchema.parse(await ask(eventsRoute, request, "events", eventsQuerySchema.parse(request.query))) }),
  };
  const commandsRoute: Route = {
    method: "GET",
    path: "/v1/nodes/{node}/commands",
    summary: "Commands that a node declares, for requests of the kind exec.",
    answer: z.object({ node: z.string(), commands: z.array(z.looseObject({ name: z.string() })) }),
    handle: async (request) => ({ status: 200, body: await ask(commandsRoute, request, "commands", {}) }),
  };
  const adoptRoute: Route = {
    method: "POST",
    path: "/v1/nodes/{node}/adopt",
    summary: "What a node was found to be made of, by this hash, is what it is to be made of from now on: it holds back nothing any more.",
    body: adoptWantedSchema,
    answer: adoptAnswerSchema,
    async handle(request) {
      const { signed, ...wanted } = adoptWantedSchema.parse(request.body);
      const name = nodeOf(request);
      // Nobody is made to approve what the node will not take.
      if (signed === undefined && name !== node.config.name && (await decide(node, request, "node.adopt")).wantsApproval === true) throw new HolonError("HOLON_ADOPTION_UNSIGNED", `the policy wants two people for what ${name} is made of, and it takes their signatures alone`);
      const { by, second } = await askedByTwo(node, request, "node.adopt", adoptRoute, signed !== undefined);
      const both = signed && { id: signed.id, until: signed.until, signatures: [signed.signature, ...(second === undefined ? [] : [signedBySchema.parse(second)])] };
      return { status: 200, body: adoptAnswerSchema.parse(await desk.ask(name, diagnosisMethods.adopt, { by, session: session(), ...wanted, ...(both === undefined ? {} : { signed: both }) }, diagnosisBounds.askMs)) };
    },
  };
  return [
    adoptRoute,
    logsRoute,
    eventsRoute,
    commandsRoute,
    requestRoute,
    {
      method: "GET",
      path: "/v1/requests",
      summary: "What was asked of nodes from here, and what became of it.",
      answer: z.object({ requests: z.array(requestRowSchema) }),
      handle: () => Promise.resolve({ status: 200, body: { requests: desk.requests().map(rowOf) } }),
    },
    {
      method: "GET",
      path: "/v1/requests/{request}",
      summary: "One of them.",
      answer: requestRowSchema,
      handle(request) {
        const found = knownOf(node, request);
        return Promise.resolve({ status: 200, body: rowOf(found) });
      },
    },
    {
      method: "GET",
      path: "/v1/requests/{request}/result",
      summary: "What came of a request, null while nothing did; waits so long for it.",
      query: resultQuerySchema,
      answer: z.object({ request: requestRowSchema, result: z.unknown() }),
      async handle(request) {
        const { waitMs = 0 } = resultQuerySchema.parse(request.query);
        const found = knownOf(node, request);
        await goesOn(node, request, resourceOf(found.wanted), found.by);
        if (waitMs > 0) await desk.settled(found.id, waitMs);
        const result = desk.result(found.id);
        if (result?.ok === false) throw new HolonError(isErrorCode(result.error.code) ? result.error.code : "HOLON_INTERNAL", `${found.node}: ${result.error.message}`, { next: result.error.next });
        return { status: 200, body: { request: rowOf(knownOf(node, request)), result: result?.value ?? null } };
      },
    },
    {
      method: "DELETE",
      path: "/v1/requests/{request}",
      summary: "Takes back a request that its node was not asked yet.",
      answer: doneSchema,
      async handle(request) {
        const found = knownOf(node, request);
        await desk.cancel(found.id, await goesOn(node, request, resourceOf(found.wanted), found.by));
        return { status: 200, body: { ok: true } };
      },
    },
    ...shellRoutes(node),
  ];
}

/** Each answer is asked for when the one before was taken: who reads slowly is told how many lines went by, and holds up nothing. */
async function* followLogs(node: DiagnosisNode, request: RouteRequest, signal: StopSignal, { route, session }: { readonly route: Route; readonly session: string }): AsyncGenerator<unknown> {
  const { limit, ...query } = logsQuerySchema.parse(request.query);
  let { after } = query;
  let first: AskedBy | undefined;
  while (!signal.aborted) {
    const caller = request.callerNow === undefined ? request.caller : request.callerNow();
    const now = { ...request, ...(caller === undefined ? {} : { caller }) };
    // What two wanted once is followed by the one who asked for as long as the policy lets them.
    const by: AskedBy = await (first === undefined ? askedBy(node, now, "node.logs", route) : goesOn(node, now, "node.logs", first));
    first ??= by;
    const answer = logsAnswerSchema.parse(await node.diagnosis.desk.now(nodeOf(request), diagnosisMethods.logs, { by, session, ...query, ...(after === undefined ? { ...(limit === undefined ? {} : { limit }) } : { after }), waitMs: after === undefined ? 0 : diagnosisBounds.followWaitMs }, diagnosisBounds.askMs));
    yield answer;
    // A node that has said nothing yet has no line to go on behind: whatever it says next is new.
    after = answer.after ?? "none/0";
  }
}

function knownOf({ diagnosis }: DiagnosisNode, { params }: RouteRequest): KnownRequest {
  const id = params["request"] ?? "";
  const found = diagnosis.desk.requests().find((request) => request.id === id);
  if (found === undefined) throw new HolonError("HOLON_DIAGNOSIS_GONE", `no request ${id} is known here`);
  return found;
}

const rowOf = ({ id, node, wanted, by, state, askedMs, expiresMs, doneMs, ok, code }: KnownRequest): z.infer<typeof requestRowSchema> => ({
  id, node, wanted, by: by.principal, state, askedAt: isoTime(askedMs), expiresAt: isoTime(expiresMs), doneAt: doneMs === undefined ? null : isoTime(doneMs), ok: ok ?? null, code: code ?? null,
});
