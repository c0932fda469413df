/** `GET /v1/alerts`: what is wrong by a declared rule. One alert for one cause, however often and however late it is told. */
import { z } from "zod";
import { completenessSchema } from "./completeness.ts";

const timeSchema = z.iso.datetime();

export const alertSchema = z.object({
  /** The same for the same rule and subject while it lasts: `silence/gateway-1/<began>`. */
  id: z.string(),
  /** `silence`, or the name of an objective. */
  rule: z.string(),
  kind: z.enum(["silence", "latency", "freshness", "loss", "accuracy"]),
  /** What it is about: a node, a site, or `app/function`. */
  subject: z.string(),
  severity: z.enum(["page", "ticket"]),
  /** `unknown`: the nodes that would tell are not heard; neither firing nor resolved can be said. */
  state: z.enum(["firing", "resolved", "unknown"]),
  since: timeSchema,
  until: timeSchema.nullable(),
  /** What was found and what is allowed, in the unit of the rule; null where there is no figure. */
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  message: z.string(),
  /** How often it was told and counted as the same. */
  count: z.int().min(1),
});
export type Alert = z.infer<typeof alertSchema>;

export const alertListSchema = z.object({ asOf: timeSchema, completeness: completenessSchema, alerts: z.array(alertSchema) });
export type AlertList = z.infer<typeof alertListSchema>;

export const alertQuerySchema = z.strictObject({ state: z.enum(["firing", "resolved", "unknown"]).optional(), subject: z.string().max(256).optional(), limit: z.coerce.number().int().min(1).max(1_000).optional() });
