/** A shell on a node, where its own configuration and the policy allow one: opened by two people, carried on by control, which can neither type nor read. */
import { machineCaller } from "@holon/core/api/caller.ts";
import { routeResource } from "@holon/core/api/guarded.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import type { AskedBy } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { grantSchema, shellHeardSchema, shellMethods, shellSaySchema } from "@holon/core/diagnosis/shell.ts";
import { signedBySchema } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { byOf, decide, nodeOf, type DiagnosisNode } from "./diagnosis-caller.ts";

const openSchema = z.strictObject({ grant: grantSchema, signature: signedBySchema });
const saySchema = shellSaySchema.omit({ by: true, id: true });
const hearSchema = z.strictObject({ waitMs: z.coerce.number().int().min(0).max(8_000).optional() });
const doneSchema = z.object({ ok: z.literal(true) });
const done = { status: 200, body: { ok: true } };

export function shellRoutes(node: DiagnosisNode): readonly Route[] {
  const { desk } = node.diagnosis;
  const sessionOf = ({ params }: RouteRequest): string => params["session"] ?? "";
  const openRoute: Route = {
    method: "POST",
    path: "/v1/nodes/{node}/shell",
    summary: "Opens a shell on a node: signed by whoever asks, and by another person who approves the call.",
    body: openSchema,
    answer: z.object({ id: z.string() }),
    async handle(request) {
      const { grant, signature } = openSchema.parse(request.body);
      if (grant.node !== nodeOf(request)) throw new HolonError("HOLON_ARGUMENT_BAD", `what is signed is for ${grant.node}`);
      const { by, second } = await twoOf(node, openRoute, request);
      return { status: 200, body: await desk.ask(grant.node, shellMethods.open, { by, grant, signatures: [signature, ...(second === undefined ? [] : [signedBySchema.parse(second)])] }, diagnosisBounds.askMs) };
    },
  };
  return [
    openRoute,
    {
      method: "POST",
      path: "/v1/nodes/{node}/shell/{session}",
      summary: "Types into it: the next input, signed with the session's key.",
      body: saySchema,
      answer: doneSchema,
      async handle(request) {
        await desk.ask(nodeOf(request), shellMethods.say, { by: await openedBy(node, request), id: sessionOf(request), ...saySchema.parse(request.body) }, diagnosisBounds.askMs);
        return done;
      },
    },
    {
      method: "POST",
      path: "/v1/nodes/{node}/shell/{session}/output",
      summary: "What it has said since, sealed to the session's key.",
      query: hearSchema,
      answer: shellHeardSchema,
      async handle(request) {
        const { waitMs = 0 } = hearSchema.parse(request.query);
        return { status: 200, body: shellHeardSchema.parse(await desk.ask(nodeOf(request), shellMethods.hear, { by: await openedBy(node, request), id: sessionOf(request), waitMs }, diagnosisBounds.askMs)) };
      },
    },
    {
      method: "POST",
      path: "/v1/nodes/{node}/shell/{session}/close",
      summary: "Ends it.",
      answer: doneSchema,
      async handle(request) {
        await desk.ask(nodeOf(request), shellMethods.close, { by: await openedBy(node, request), id: sessionOf(request) }, diagnosisBounds.askMs);
        return done;
      },
    },
  ];
}

/** Whoever asks, and who approved it with which signature. `HOLON_APPROVAL_PENDING`, `HOLON_POLICY_DENIED`. */
async function twoOf(node: DiagnosisNode, route: Route, request: RouteRequest): Promise<{ readonly by: AskedBy; readonly second: unknown }> {
  const { caller = machineCaller } = request;
  const decision = await decide(node, request, "node.shell");
  const by = byOf(caller, node);
  if (decision.wantsApproval !== true) throw new HolonError("HOLON_POLICY_DENIED", decision.reason);
  if (node.approvals === undefined) throw new HolonError("HOLON_POLICY_DENIED", decision.reason, { next: "Ask at control, where people are known: two of them are needed." });
  const approved = await node.approvals.approved({ caller, resource: routeResource(route), route, request }, decision);
  request.spends?.(approved.spent);
  return { by: { ...by, approvedBy: approved.by }, second: approved.signature };
}

/** What two wanted goes on for the one who opened it, as long as the policy permits it. */
async function openedBy(node: DiagnosisNode, request: RouteRequest): Promise<AskedBy> {
  const decision = await decide(node, request, "node.shell");
  if (!decision.allow && decision.wantsApproval !== true) throw new HolonError("HOLON_POLICY_DENIED", decision.reason);
  return byOf(request.caller ?? machineCaller, node);
}
