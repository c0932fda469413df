/** What a function is triggered by: events, windows over the event time of events, the time of day, a request, a change of state. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { cronProblem } from "../run/cron.ts";
import { eventTypeSchema } from "./event.ts";
import { nameSchema } from "./name.ts";

const spanMs = z.int().positive().max(limits.windowSpanMsMax);

export const windowSchema = z
  .discriminatedUnion("kind", [
    /** One after the other, aligned to 1970-01-01T00:00Z plus `offsetMs`. */
    z.strictObject({ kind: z.literal("tumbling"), sizeMs: spanMs, offsetMs: z.int().min(0).default(0) }),
    /** A window of `sizeMs` begins every `everyMs`. */
    z.strictObject({ kind: z.literal("sliding"), sizeMs: spanMs, everyMs: spanMs, offsetMs: z.int().min(0).default(0) }),
    /** As long as events come less than `gapMs` apart. */
    z.strictObject({ kind: z.literal("session"), gapMs: spanMs }),
  ])
  .refine((window) => window.kind !== "sliding" || (window.everyMs <= window.sizeMs && window.sizeMs / window.everyMs <= limits.windowOverlapMax), {
    message: `everyMs is at most sizeMs, and at least a ${limits.windowOverlapMax}th of it`,
  });
export type WindowSpec = z.infer<typeof windowSchema>;

/** What becomes of an event that comes when its window has been closed. */
export const lateSchema = z.discriminatedUnion("rule", [
  /** Left out, counted, and told as `holon.window.refused`. */
  z.strictObject({ allowedMs: z.int().min(0).max(limits.windowSpanMsMax).default(0), rule: z.literal("drop") }),
  /** Left out of the window and written as `holon.window.late` into `local`, where another function may take it. */
  z.strictObject({ allowedMs: z.int().min(0).max(limits.windowSpanMsMax).default(0), rule: z.literal("aside") }),
  /** The window is run again with the next revision, until it has been closed for `keepMs` of event time; then as `aside`. */
  z.strictObject({ allowedMs: z.int().min(0).max(limits.windowSpanMsMax).default(0), rule: z.literal("update"), keepMs: spanMs }),
]);
export type LateRule = z.infer<typeof lateSchema>;

export const watermarkSchema = z.strictObject({
  /** Whose event time is followed by itself: each source's, or each subject's of each source. */
  per: z.enum(["source", "subject"]).default("subject"),
  /** Silence, by the monotonic clock, after which windows that wait for a source are run with what is known. */
  idleMs: z.int().min(1_000).max(limits.windowSpanMsMax).default(60_000),
  /** An event that claims to have happened so long after it arrived moves no watermark and enters no window. */
  aheadMs: z.int().min(0).max(limits.windowSpanMsMax).default(3_600_000),
});

const onceSchema = z.strictObject({
  /** Fields of the data that are the same wherever a frame was heard, for example the device's counter and its session; dots lead into objects. */
  fields: z.array(z.string().min(1).max(256)).min(1).max(16),
  /** Event times of one frame, as several gateways say, are no further apart. */
  withinMs: z.int().min(0).max(3_600_000).default(60_000),
});

const windowTriggerBase = { type: eventTypeSchema, window: windowSchema, by: z.enum(["subject", "all"]).default("subject"), /** What several gateways heard of one subject counts once, as long as the first waits or is kept. */ once: onceSchema.optional() };
export const windowTriggerSchema = z.strictObject({
  ...windowTriggerBase,
  late: lateSchema.default({ allowedMs: 0, rule: "aside" }),
  watermark: watermarkSchema.default({ per: "subject", idleMs: 60_000, aheadMs: 3_600_000 }),
});
export type WindowTrigger = z.infer<typeof windowTriggerSchema>;
/** As an author writes it: what has a default may be left out. */
export type WindowTriggerInput = z.input<typeof windowTriggerSchema>;

/** A type, or with `.*` at its end all that begin so: `pump.*`. */
export const typePatternSchema = z.string().max(130).refine((text) => eventTypeSchema.safeParse(text.replace(/\.\*$/, "")).success, "dotted lower-case words, `.*` for all that begin so");

export const eventTriggerSchema = z.strictObject({
  type: typePatternSchema,
  /** Only events of this subject, or with `*` at its end of all that begin so. */
  subject: z.string().min(1).max(256).optional(),
});
export type EventTrigger = z.infer<typeof eventTriggerSchema>;

const intervalSchema = z.strictObject({ everyMs: z.int().min(1_000).max(limits.windowSpanMsMax), offsetMs: z.int().min(0).max(limits.windowSpanMsMax).default(0) });
const cronSchema = z.strictObject({ cron: z.string().max(256), zone: z.string().max(64).default("UTC") }).superRefine(({ cron, zone }, context) => {
  const message = cronProblem(cron, zone);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** By the wall clock: at each multiple of `everyMs` since 1970-01-01T00:00Z plus `offsetMs`; or as a cron expression of five fields says, in an IANA zone. */
export const scheduleTriggerSchema = z.strictObject({ schedule: z.union([intervalSchema, cronSchema]) });
export type ScheduleTrigger = z.infer<typeof scheduleTriggerSchema>;

/** A request to the node's API, below `/v1/apps/<app>/http`. `{name}` in the path takes one segment. */
export const httpTriggerSchema = z.strictObject({
  http: z.strictObject({
    method: z.enum(["GET", "POST", "PUT", "DELETE"]).default("POST"),
    path: z.string().max(256).regex(/^(\/([a-z0-9._-]+|\{[a-z]\w*\}))+$/i, "like /stock/{item}").refine((path) => !/\/\.\.?(\/|$)/.test(path), "no `.` or `..`: no request arrives there").refine((path) => new Set(path.match(/\{\w+\}/g)).size === (path.match(/\{/g)?.length ?? 0), "each name in {} once"),
    /** Of what is asked and answered. Without it that is `raw`, and a request is answered on the node that took it in or not at all. */
    class: z.enum(["derived", "aggregate", "public"]).optional(),
  }),
});
export type HttpTrigger = z.infer<typeof httpTriggerSchema>;

/** A change of what another function of the app has stored: under this key, or under any. */
export const stateTriggerSchema = z.strictObject({ state: z.strictObject({ function: nameSchema, key: z.string().max(limits.unitStateKeyMax).optional() }) });
export type StateTrigger = z.infer<typeof stateTriggerSchema>;

const kinds = { window: windowTriggerSchema, schedule: scheduleTriggerSchema, http: httpTriggerSchema, state: stateTriggerSchema, type: eventTriggerSchema };

export const triggerSchema = z.union([eventTriggerSchema, windowTriggerSchema, scheduleTriggerSchema, httpTriggerSchema, stateTriggerSchema], { error: ({ input }) => triggerProblem(input) });

/** Of the kind that it seems to be. */
function triggerProblem(input: unknown): string {
  const names = typeof input === "object" && input !== null ? Object.keys(input) : [];
  for (const [name, schema] of Object.entries(kinds)) {
    const issue = names.includes(name) ? schema.safeParse(input).error?.issues[0] : undefined;
    if (issue !== undefined) return `${issue.path.join(".")}${issue.path.length === 0 ? "" : ": "}${issue.message}`;
  }
  return "one of: a type, a window over one, a schedule, http, state";
}
export type Trigger = z.infer<typeof triggerSchema>;
export type TriggerInput = z.input<typeof triggerSchema>;

export const isWindowTrigger = (trigger: Trigger): trigger is WindowTrigger => "window" in trigger;

/** A device's own counter: by it repeats are removed and gaps reported. */
export const counterSchema = z.strictObject({
  /** Where it stands in the data; dots lead into objects. */
  field: z.string().min(1).max(256),
  /** Its width: after 2^bits - 1 comes 0. */
  bits: z.int().min(8).max(32).default(16),
  /** What changes when the device begins to count anew, for example its session address. */
  session: z.string().min(1).max(256).optional(),
  /** Data in which a repeat equals the first: the same counter with other content is another frame, so the device began anew. */
  content: z.array(z.string().min(1).max(256)).max(16).default([]),
  /** How far behind the highest counter a frame is still known, or awaited. Further behind, the device began anew. */
  remember: z.int().min(16).max(limits.counterRememberMax).default(512),
});
export type CounterRule = z.infer<typeof counterSchema>;
