/** `GET /v1/series`: one metric over time. A value that changed after it was first shown says so. */
import { z } from "zod";
import { completenessSchema } from "./completeness.ts";

const timeSchema = z.iso.datetime();

export const seriesPointSchema = z.object({
  /** Where the step begins. */
  at: timeSchema,
  /** A sum over the step; of gauges and durations the mean. Null where nobody told. */
  value: z.number().nullable(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** How many values of a gauge or duration are in it. */
  count: z.number().optional(),
  quantiles: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).optional(),
  /** Of so many nodes that belong to the answer so many have told of this step, all of it. Where that are fewer, the value is of a part of it. */
  nodes: z.int().min(0),
  reported: z.int().min(0),
  /** Its time is not over, as of the answer: nobody can have told all of it. */
  open: z.literal(true).optional(),
  /** Some of it arrived after it was due: when that was last, the value as it stood when it was due, and how often it has changed since. */
  revised: z.object({ at: timeSchema, from: z.number().nullable(), times: z.int().min(1) }).optional(),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;

export const metricKinds = ["sum", "gauge", "sketch"] as const;

export const seriesSchema = z.object({
  asOf: timeSchema,
  name: z.string(),
  unit: z.string(),
  kind: z.enum(metricKinds),
  stepMs: z.number().positive(),
  completeness: completenessSchema,
  series: z.array(z.object({ labels: z.record(z.string(), z.string()), points: z.array(seriesPointSchema) })),
});
export type Series = z.infer<typeof seriesSchema>;

export const seriesQuerySchema = z.strictObject({
  name: z.string().min(1).max(128),
  node: z.string().max(63).optional(),
  site: z.string().max(63).optional(),
  /** One line for each node, each site, or each set of attributes; without it one for all. */
  by: z.enum(["node", "site", "attributes"]).optional(),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  stepMs: z.coerce.number().int().min(1_000).max(86_400_000).optional(),
});
export type SeriesQuery = z.infer<typeof seriesQuerySchema>;

/** `GET /v1/metrics`: what may be asked for. */
export const metricListSchema = z.object({
  metrics: z.array(z.object({ name: z.string(), unit: z.string(), kind: z.enum(metricKinds), about: z.string(), attributes: z.array(z.string()) })),
});
