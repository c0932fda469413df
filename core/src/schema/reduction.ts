/** What becomes of a type of events where they are born: kept, aggregated, sampled, cut out around an alert, or left where they are. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { eventTypeSchema } from "./event.ts";
import { nameSchema } from "./name.ts";

const base = {
  name: nameSchema,
  /** Type of the events it is for; only their numbers are looked at. */
  on: eventTypeSchema,
};

const fieldSchema = z.string().min(1).max(limits.reductionFieldNameMax);
/** Numbers that are taken; without it all. */
const fields = { fields: z.array(fieldSchema).min(1).max(limits.reductionFieldsMax).optional() };

const output = {
  /** Type of what it makes. */
  emits: eventTypeSchema,
  stream: z.enum(["data", "telemetry", "local"]).default("data"),
};

const sizeSchema = z.number().positive().max(Number.MAX_VALUE);
export const errorBoundSchema = z.union([z.strictObject({ absolute: sizeSchema }), z.strictObject({ relative: sizeSchema.max(0.5) })]);

const readings = {
  ...fields,
  /** How far off a field may come back; `*` for those that are not named. Without it every bit comes back. */
  within: z.record(z.string(), errorBoundSchema).default({}),
  /**
   * What holds readings has their class, and so `raw` stays at its site, unless the app's author takes it upon himself to call it
   * `derived`, and says why: that goes into the audit trail.
   */
  release: z.strictObject({ class: z.literal("derived"), because: z.string().min(1).max(256) }).optional(),
};

const everyMs = z.int().min(1).max(31 * 86_400_000);

const block = {
  /** Rows of one block, and how long one may span. */
  rows: z.int().min(1).max(limits.reductionRowsMax).default(1_024),
  everyMs: everyMs.default(3_600_000),
};

const keepSchema = z.strictObject({ ...base, ...output, ...readings, ...block, kind: z.literal("keep") });

const sampleSchema = z.strictObject({
  ...base,
  ...output,
  ...readings,
  ...block,
  kind: z.literal("sample"),
  method: z.discriminatedUnion("kind", [
    /** The first of each so many of a subject. */
    z.strictObject({ kind: z.literal("systematic"), every: z.int().min(2).max(1_000_000) }),
    /** So many of each subject and window of `everyMs`, each reading with the same chance; which ones follows from the seed and their names. */
    z.strictObject({ kind: z.literal("reservoir"), count: z.int().min(1).max(limits.reductionReservoirMax), seed: z.int().min(0).max(0xffffffff).default(0) }),
  ]),
});

export const measures = ["count", "mean", "deviation", "rms", "min", "max"] as const;
export type Measure = (typeof measures)[number];

const aggregateSchema = z.strictObject({
  ...base,
  ...output,
  ...fields,
  kind: z.literal("aggregate"),
  everyMs: everyMs.default(60_000),
  /** A least or greatest value is a reading: ask for it where that may be told. */
  measures: z.array(z.enum(measures)).max(measures.length).default(["count", "mean", "deviation"]),
  /** By DDSketch, within 1 % of the value. */
  quantiles: z.array(z.number().gt(0).lt(1)).max(16).default([]),
  /** Least and greatest value of each of so many parts of the window. */
  envelope: z.int().min(1).max(limits.reductionEnvelopeMax).optional(),
  /** Fewest readings of a field for it to be told: the mean of one reading is that reading. */
  countMin: z.int().min(2).max(1_000_000).default(10),
  /** Significant digits. */
  digits: z.int().min(1).max(17).default(5),
  /** So many windows of a subject go into one block of columns; without it each is an event by itself. */
  rows: z.int().min(2).max(limits.reductionRowsMax).optional(),
});

const framesSchema = z.strictObject({
  ...base,
  ...output,
  ...readings,
  kind: z.literal("frames"),
  /** Type of the events around which readings of `on` are cut out … */
  around: eventTypeSchema,
  /** … where these fields of their data have these values. */
  when: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  beforeMs: z.int().min(0).max(limits.frameSpanMsMax),
  afterMs: z.int().min(0).max(limits.frameSpanMsMax),
});

const discardSchema = z.strictObject({ ...base, kind: z.literal("discard") });

export const reductionSchema = z.discriminatedUnion("kind", [keepSchema, sampleSchema, aggregateSchema, framesSchema, discardSchema]);
export type Reduction = z.infer<typeof reductionSchema>;
export type KeepReduction = z.infer<typeof keepSchema>;
export type SampleReduction = z.infer<typeof sampleSchema>;
export type AggregateReduction = z.infer<typeof aggregateSchema>;
export type FramesReduction = z.infer<typeof framesSchema>;
/** Those whose output holds readings. */
export type ReadingsReduction = KeepReduction | SampleReduction | FramesReduction;
