/** Functions whose events siblings help with: as a manifest says it, and what one sibling asks another (`site.help`). */
import { z } from "zod";
import { limits } from "../limits.ts";
import type { AppDocument } from "./app.ts";
import { dataClassSchema, eventTypeSchema } from "./event.ts";

export const elasticSchema = z.strictObject({
  /** What waits for it and takes its node longer than this is shared with siblings. */
  withinMs: z.int().min(100).max(3_600_000).default(limits.elasticWithinMs),
  /** Siblings that help at a time, at most; without it all that have room. */
  siblingsMax: z.int().min(1).max(limits.siteMembersMax).optional(),
});
export type Elastic = z.infer<typeof elasticSchema>;

/** Why siblings could not do what an elastic function does, as text; empty where they can. */
export function elasticProblems({ functions, models, shared = [] }: Pick<AppDocument, "functions" | "models" | "shared">): readonly string[] {
  return functions.flatMap((fn) => {
    if (fn.elastic === undefined) return [];
    const own = models.filter(({ name, fit, cascade, split, drift }) => fn.models.includes(name) && (fit !== undefined || cascade !== undefined || split !== undefined || drift !== undefined));
    const reasons = [
      ...("window" in fn.on || "schedule" in fn.on || "state" in fn.on ? ["it is triggered by neither events nor requests"] : []),
      ...(shared.length > 0 ? ["the app has state that sites share"] : []),
      ...(fn.clock === true ? ["it sees its node's time"] : []),
      ...((fn.secrets ?? []).length > 0 ? ["it is given secrets of its node"] : []),
      ...(fn.needs?.job === undefined ? [] : ["it is a job"]),
      ...own.map(({ name }) => `model ${name} is fitted, watched or asked for above by its node`),
    ];
    return reasons.map((reason) => `function ${fn.name} is elastic, and ${reason}`);
  });
}

const spanSchema = z.strictObject({ traceId: z.string().max(64), spanId: z.string().max(32), sampled: z.boolean() });
const eventSchema = z.strictObject({
  id: z.string().min(1).max(256),
  type: eventTypeSchema,
  source: z.string().max(512),
  subject: z.string().max(256).optional(),
  timeMs: z.number(),
  arrivedMs: z.number(),
  data: z.unknown().optional(),
  traceparent: z.string().max(256).optional(),
  span: spanSchema.optional(),
});

/** Here are events of a function that is to run on both ends. */
export const helpAskSchema = z.strictObject({
  /** `app/function`. */
  unit: z.string().min(3).max(127),
  /** SHA-256 of all that says what it does: another version is another function. */
  key: z.string().length(64),
  /** Of the events. */
  classes: z.array(dataClassSchema).min(1).max(8),
  events: z.array(eventSchema).min(1).max(limits.unitBatchMax),
});
export type HelpAsk = z.infer<typeof helpAskSchema>;

/** What came of them: a result as a sandbox gives it, as JSON, and what it took. */
export const helpAnswerSchema = z.strictObject({ result: z.string(), processorMs: z.number().min(0).optional(), memoryBytes: z.number().min(0).optional() });
export const helpMethod = "site.help";
