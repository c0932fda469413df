/** What becomes of a type of events where they are born: kept, aggregated, sampled, cut out around an alert, judged by a model, or left where they are. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { appTypeSchema, eventTypeSchema } from "./event.ts";
import { nameSchema } from "./name.ts";
import { windowSchema } from "./trigger.ts";

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
  emits: appTypeSchema,
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
  /** Least and greatest value of each of so many parts of the window that have `countMin` readings themselves. */
  envelope: z.int().min(1).max(limits.reductionEnvelopeMax).optional(),
  /** Fewest readings of a field for it to be told: the mean of one reading is that reading. At least two for each figure that is told of them. */
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

const named = { fields: z.array(fieldSchema).min(1).max(limits.reductionFieldsMax) };
/** Why readings with less in them may be called `derived`: it goes into the audit trail. */
const because = z.string().min(1).max(256);

const redactSchema = z.strictObject({ ...base, ...output, ...named, kind: z.literal("redact"), /** The subject is left out unless it is asked for. */ keepSubject: z.boolean().default(false), because });

const pseudonymiseSchema = z.strictObject({
  ...base,
  ...output,
  kind: z.literal("pseudonymise"),
  /** Left as they are … */
  fields: z.array(fieldSchema).max(limits.reductionFieldsMax).default([]),
  /** … and replaced, as the subject is, by a hash under a key that stays on the node. */
  replace: z.array(fieldSchema).max(limits.reductionFieldsMax).default([]),
  /** That of the site, so that all nodes of the site that hold its key give one name; without it each node's own. */
  keyOf: z.literal("site").optional(),
  because,
});

/** What could identify a subject, and how coarsely it is told: numbers by intervals, texts by their beginning, or as it is. */
const quasiSchema = z.union([z.strictObject({ width: sizeSchema }), z.strictObject({ characters: z.int().min(0).max(256) }), z.strictObject({ exact: z.literal(true) })]);

const anonymiseSchema = z.strictObject({
  ...base,
  ...output,
  ...named,
  kind: z.literal("k-anonymise"),
  everyMs: everyMs.default(86_400_000),
  /** Fewest subjects that share what could identify them, in one window, for their rows to be told, and that have a value of `fields` for it to be told. */
  k: z.int().min(2).max(limits.reductionSubjectsMax).default(5),
  /** One field at least: without any, all rows would count as alike. */
  quasi: z.record(fieldSchema, quasiSchema),
});

const noiseSchema = z
  .strictObject({
    ...base,
    ...output,
    kind: z.literal("noise"),
    field: fieldSchema,
    everyMs: everyMs.default(3_600_000),
    /** Bounds that readings are held to, known beforehand and not from the data. */
    low: z.number(),
    high: z.number(),
    /** Grid of the sum. */
    step: sizeSchema,
    /** Readings of one subject that count in one window. */
    subjectReadingsMax: z.int().min(1).max(1_000).default(1),
    /** What one window costs of the budget, in differential privacy's epsilon, and the whole budget: when it is spent, nothing more is told. */
    epsilon: z.number().min(0.001).max(10),
    budget: z.number().min(0.001).max(1_000_000),
  })
  .refine(({ low, high, step }) => high > low && (high - low) / step <= 1e9, { path: ["high"], error: "above `low`, by at most a thousand million steps" })
  .refine(({ epsilon, budget }) => budget >= epsilon, { path: ["budget"], error: "enough for one window at least" });

const judgeSchema = z.strictObject({
  ...base,
  ...output,
  ...named,
  kind: z.literal("judge"),
  /** A model of the app with one input `[n, rows * fields]`. */
  model: nameSchema,
  /** Windows of a subject by event time, each judged when it is complete; without it each reading is, as it comes. */
  window: windowSchema.optional(),
  /** The last so many readings, the oldest first, make one input. */
  rows: z.int().min(1).max(1_024).default(1),
  /** Only what has this score above that; without it each input is told. */
  when: z.strictObject({ score: z.int().min(0).max(limits.reductionColumnsMax), above: z.number() }).optional(),
  because,
});

const discardSchema = z.strictObject({ ...base, kind: z.literal("discard") });

export const reductionSchema = z.discriminatedUnion("kind", [keepSchema, sampleSchema, aggregateSchema, framesSchema, redactSchema, pseudonymiseSchema, anonymiseSchema, noiseSchema, judgeSchema, discardSchema]);
export type Reduction = z.infer<typeof reductionSchema>;
export type KeepReduction = z.infer<typeof keepSchema>;
export type SampleReduction = z.infer<typeof sampleSchema>;
export type AggregateReduction = z.infer<typeof aggregateSchema>;
export type FramesReduction = z.infer<typeof framesSchema>;
export type RedactReduction = z.infer<typeof redactSchema>;
export type PseudonymiseReduction = z.infer<typeof pseudonymiseSchema>;
export type AnonymiseReduction = z.infer<typeof anonymiseSchema>;
export type JudgeReduction = z.infer<typeof judgeSchema>;
export type NoiseReduction = z.infer<typeof noiseSchema>;
/** Those whose output holds readings. */
export type ReadingsReduction = KeepReduction | SampleReduction | FramesReduction;
