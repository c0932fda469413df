/** What is wrong, who was told and who has taken it on; what should hold, and how much of it does. */
import { routeStatusSchema } from "@holon/core/alert/route-status.ts";
import type { Route, RouteRequest } from "@holon/core/api/route.ts";
import { machineCaller } from "@holon/core/api/caller.ts";
import { objectiveListAnswerSchema, objectiveQuerySchema } from "@holon/core/alert/objective-row.ts";
import { silencedSchema } from "@holon/core/alert/routing.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { alertListSchema, alertQuerySchema, alertSchema } from "@holon/core/telemetry/alert.ts";
import type { Clock } from "@holon/core/ports.ts";
import { z } from "zod";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { pause } from "./pause.ts";

const text = z.string().max(512);
const acknowledgeSchema = z.strictObject({ id: z.string().min(1).max(1_024), note: text.default("") });
const what = { rule: z.string().max(256).optional(), subject: z.string().max(256).optional(), site: nameSchema.optional(), app: nameSchema.optional() };
const silenceSchema = z
  .strictObject({ name: nameSchema, ...what, /** A time; or for how long. Who asks again under four eyes asks for the same by that. */ until: z.iso.datetime().optional(), forMs: z.int().min(1_000).max(limits.alertSilenceMsMax, { error: `alerts are silenced for ${limits.alertSilenceMsMax / 86_400_000} days at the most` }).optional(), because: text.min(1) })
  .refine(({ until, forMs }) => (until === undefined) !== (forMs === undefined), { error: "say until when, or for how long: `until` or `forMs`" })
  .refine(({ rule, subject, site, app }) => [rule, subject, site, app].some((one) => one !== undefined), { error: "say what is silenced: rule, subject, site or app" });
const doneSchema = z.object({ ok: z.literal(true) });

const nameOf = ({ caller = machineCaller }: RouteRequest): string => printPrincipal(caller.principal);

export function alertRoutes(telemetry: Telemetry, clock: Clock): readonly Route[] {
  const { alerting } = telemetry;
  const list = (query: unknown) => telemetry.alerts(alertQuerySchema.parse(query));
  return [
    {
      method: "GET",
      path: "/v1/alerts",
      summary: "What is wrong with what this node knows of, whom it told and who has taken it on: firing first, then what has ended.",
      query: alertQuerySchema,
      answer: alertListSchema,
      handle: async ({ query }) => ({ status: 200, body: await list(query) }),
      async *follow({ query }, signal) {
        let before = "";
        while (!signal.aborted) {
          const now = await list(query);
          const said = JSON.stringify([now.alerts, now.states, now.completeness.states, now.completeness.unknown]);
          if (said !== before) yield now;
          before = said;
          await pause(clock, signal, limits.telemetryFollowMs);
        }
      },
    },
    {
      method: "POST",
      path: "/v1/alerts/acknowledge",
      summary: "Says that somebody has taken on an alert. It is in the audit trail with who did.",
      body: acknowledgeSchema,
      answer: alertSchema,
      async handle(request) {
        const { id, note } = acknowledgeSchema.parse(request.body);
        return { status: 200, body: await alerting.acknowledge(id, nameOf(request), note) };
      },
    },
    {
      method: "GET",
      path: "/v1/alerts/silences",
      summary: "What is not told at present, until when, by whom and why.",
      answer: z.object({ silences: z.array(silencedSchema) }),
      handle: () => Promise.resolve({ status: 200, body: { silences: alerting.silences() } }),
    },
    {
      method: "POST",
      path: "/v1/alerts/silences",
      summary: "Tells nobody of alerts that fit, until a time. What is still wrong then is told then.",
      body: silenceSchema,
      answer: silencedSchema,
      async handle(request) {
        const { name, until: end, forMs = 0, because, ...fits } = silenceSchema.parse(request.body);
        const until = end ?? isoTime(clock.wall().ms + forMs);
        const chosen = Object.fromEntries(Object.entries(fits).filter(([, value]) => value !== undefined));
        return { status: 200, body: await alerting.silence({ name, ...chosen, until, because, by: nameOf(request) }) };
      },
    },
    {
      method: "DELETE",
      path: "/v1/alerts/silences/{silence}",
      summary: "Ends that something is silenced.",
      answer: doneSchema,
      async handle(request) {
        await alerting.unsilence(request.params["silence"] ?? "", nameOf(request));
        return { status: 200, body: { ok: true } };
      },
    },
    {
      method: "GET",
      path: "/v1/alerts/routes",
      summary: "By which ways this node tells of alerts, and what waits on each.",
      answer: z.object({ routes: z.array(routeStatusSchema) }),
      handle: () => Promise.resolve({ status: 200, body: { routes: alerting.routes() } }),
    },
    {
      method: "GET",
      path: "/v1/objectives",
      summary: "What should hold, how much of its error budget is left, how fast it burns, and how much of those who belong to it is known; the worst first.",
      query: objectiveQuerySchema,
      answer: objectiveListAnswerSchema,
      async handle({ query }) {
        const { rule, scope, state, limit = limits.apiPageMax } = objectiveQuerySchema.parse(query);
        const all = await telemetry.objectives();
        const fitting = all.objectives.filter((row) => (rule === undefined || row.rule === rule) && (scope === undefined || row.scope === scope) && (state === undefined || row.state === state));
        return { status: 200, body: { ...all, objectives: fitting.slice(0, limit), total: fitting.length } };
      },
    },
  ];
}
