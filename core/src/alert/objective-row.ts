/** `GET /v1/objectives`: each objective in each place, as far as the one who answers knows. */
import { z } from "zod";
import { completenessSchema } from "../telemetry/completeness.ts";

const timeSchema = z.iso.datetime();

/** `unknown`: nothing is known of it, or not of all who belong to it; it is never called met then. */
export const objectiveStates = ["met", "burning", "spent", "unknown"] as const;

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
  /** In the period, as far as is known. */
  good: z.number(),
  total: z.number(),
  /** Part of the error budget; below 0 where more was spent. */
  budgetLeft: z.number().nullable(),
  /** From when on it is known here. */
  since: timeSchema.nullable(),
  burns: z.array(z.object({ severity: z.enum(["page", "ticket"]), threshold: z.number(), longMs: z.number(), shortMs: z.number(), long: z.number().nullable(), short: z.number().nullable(), burning: z.boolean() })),
  completeness: completenessSchema,
  /** Whether it is this node that tells when it burns. */
  tells: z.boolean(),
});
export type ObjectiveRow = z.infer<typeof objectiveRowSchema>;

export const objectiveListAnswerSchema = z.object({ asOf: timeSchema, node: z.string(), completeness: completenessSchema, objectives: z.array(objectiveRowSchema) });
export type ObjectiveList = z.infer<typeof objectiveListAnswerSchema>;
