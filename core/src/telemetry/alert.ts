/** `GET /v1/alerts`: what is wrong by a declared rule. One alert for one cause, however often, however late and by whomever it is told. */
import { z } from "zod";
import { alertKinds, severities } from "../schema/alerting.ts";
import { limits } from "../limits.ts";
import { completenessSchema } from "./completeness.ts";

const timeSchema = z.iso.datetime();

export const alertSchema = z.object({
  /** The same for the same rule and subject while it lasts, and the same on every node that knows of it: `silence/gateway-1/<began>`. */
  id: z.string(),
  /** `silence`, the type of an alarm, or the name of an objective as `app/objective`. */
  rule: z.string(),
  kind: z.enum(alertKinds),
  /** What it is about: a node, a site, `fleet`, or an alarm's subject. */
  subject: z.string(),
  severity: z.enum(severities),
  /** `unknown`: the nodes that would tell are not heard; neither firing nor resolved can be said. */
  state: z.enum(["firing", "resolved", "unknown"]),
  since: timeSchema,
  until: timeSchema.nullable(),
  /** What was found and what is allowed, in the unit of the rule; null where there is no figure. */
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  message: z.string(),
  /** Why it is over, where nobody said that what it tells of is: who told of it was revoked. */
  because: z.string().optional(),
  /** How often it was told and counted as the same. */
  count: z.int().min(1),
  /** Of what it is about, where that has one. */
  site: z.string().optional(),
  app: z.string().optional(),
  /** The node that found it. */
  node: z.string().optional(),
});
export type Alert = z.infer<typeof alertSchema>;

/** An alert as one node knows it. */
export const shownAlertSchema = alertSchema.extend({
  acknowledged: z.object({ by: z.string(), at: timeSchema, note: z.string() }).nullable(),
  /** Until when it is not told. */
  silencedUntil: timeSchema.nullable(),
  /** By which routes of this node it was told, and how far. */
  told: z.array(z.object({ route: z.string(), state: z.enum(["firing", "resolved"]), at: timeSchema, refused: z.string().optional(), severity: alertSchema.shape.severity.optional() })),
});
export type ShownAlert = z.infer<typeof shownAlertSchema>;

export const alertListSchema = z.object({
  asOf: timeSchema,
  completeness: completenessSchema,
  alerts: z.array(shownAlertSchema),
  /** How many fit, by state, those beyond `limit` included. */
  states: z.object({ firing: z.int().min(0), unknown: z.int().min(0), resolved: z.int().min(0) }),
  total: z.int().min(0),
});
export type AlertList = z.infer<typeof alertListSchema>;

export const alertQuerySchema = z.strictObject({ state: z.enum(["firing", "resolved", "unknown"]).optional(), subject: z.string().max(256).optional(), limit: z.coerce.number().int().min(1).max(limits.alertsListedMax).optional() });
export type AlertQuery = z.infer<typeof alertQuerySchema>;

/** Those that are asked for, the first so many of them, with how many there are. */
export function pageOfAlerts({ alerts, asOf, completeness }: Pick<AlertList, "alerts" | "asOf" | "completeness">, { state, subject, limit = limits.alertsResolvedMax }: AlertQuery): AlertList {
  const fitting = alerts.filter((alert) => (state === undefined || alert.state === state) && (subject === undefined || alert.subject === subject));
  const states = { firing: 0, unknown: 0, resolved: 0 };
  for (const { state: of } of fitting) states[of] += 1;
  return { asOf, completeness, alerts: fitting.slice(0, limit), states, total: fitting.length };
}
