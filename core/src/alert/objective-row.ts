/** `GET /v1/objectives`: each objective in each place, as far as the one who answers knows. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { completenessSchema } from "../telemetry/completeness.ts";

const timeSchema = z.iso.datetime();

/** `unknown`: nothing is known of it, or not of all who belong to it; it is never called met then. */
export const objectiveStates = ["met", "burning", "spent", "unknown"] as const;

/** Why a state is `unknown`: no node is known that belongs to it, nothing was measured yet, too few events were, or not all who belong to it have told. */
export const objectiveLacks = ["nodes", "data", "events", "stalled", "reports"] as const;

export const objectiveRowSchema = z.object({
  /** `app/name` */
  rule: z.string(),
  app: z.string().nullable(),
  name: z.string(),
  about: z.string().nullable(),
  kind: z.enum(["latency", "freshness", "loss", "accuracy"]),
  per: z.enum(["node", "site", "fleet"]),
  /** The node, the site, or `fleet`. */
  scope: z.string(),
  target: z.number(),
  periodMs: z.number(),
  withinMs: z.number().nullable(),
  state: z.enum(objectiveStates),
  /** Null where it is known. */
  lacks: z.enum(objectiveLacks).nullable(),
  /** So many events it takes before it burns. */
  eventsMin: z.int(),
  /** In the period, as far as is known. */
  good: z.number(),
  total: z.number(),
  /** Part of the error budget; below 0 where more was spent. */
  budgetLeft: z.number().nullable(),
  /** From when on it is known here. */
  since: timeSchema.nullable(),
  burns: z.array(z.object({ severity: z.enum(["page", "ticket"]), threshold: z.number(), longMs: z.number(), shortMs: z.number(), long: z.number().nullable(), short: z.number().nullable(), /** In the long window. */ events: z.number(), burning: z.boolean() })),
  completeness: completenessSchema,
  /** Whether it is this node that tells when it burns. */
  tells: z.boolean(),
});
export type ObjectiveRow = z.infer<typeof objectiveRowSchema>;

export const objectiveListAnswerSchema = z.object({
  asOf: timeSchema,
  node: z.string(),
  completeness: completenessSchema,
  /** Of all that fit, the first `limit`: what burns first, what is met last. */
  objectives: z.array(objectiveRowSchema),
  total: z.int().min(0),
});
export type ObjectiveList = z.infer<typeof objectiveListAnswerSchema>;

export const objectiveQuerySchema = z.strictObject({
  rule: z.string().max(256).optional(),
  scope: z.string().max(256).optional(),
  state: z.enum(objectiveStates).optional(),
  limit: z.coerce.number().int().min(1).max(limits.apiPageMax).optional(),
});

/** The worst first; else by name. */
export const inOrderOfNeed = (rows: readonly ObjectiveRow[]): readonly ObjectiveRow[] => {
  const order = ["burning", "spent", "unknown", "met"];
  return rows.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.rule === b.rule ? (a.scope < b.scope ? -1 : 1) : a.rule < b.rule ? -1 : 1));
};
