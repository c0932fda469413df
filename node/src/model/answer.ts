/** The call by which a node asks another's model: `model.answer` `{model, x, label, traceparent}`, answered with `{scores, rows}`. */
import { HolonError } from "@holon/core/errors.ts";
import { packedSchema, packTensor, unpackTensor } from "@holon/core/model/packed.ts";
import { jurisdictionPattern } from "@holon/core/policy/jurisdiction.ts";
import { dataClassSchema } from "@holon/core/schema/event.ts";
import type { NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { CallHandler } from "../link/calls.ts";
import type { AnswerSpans } from "./answer-spans.ts";
import type { Decider, Decision } from "./decision.ts";

export const answerMethod = "model.answer";

/** Of rows: what their author calls them, and where they were born. Every node on their way asks its guard by it. */
const labelSchema = z.strictObject({ class: dataClassSchema, jurisdiction: z.string().regex(jurisdictionPattern) });
const requestSchema = z.strictObject({ model: z.string().min(1).max(256), x: packedSchema, label: labelSchema.optional(), /** A sibling asks, who asks others itself. */ only: z.literal(true).optional(), /** The step that asks, where its trace is followed. */ traceparent: z.string().max(64).optional() });
export type ModelRequest = z.infer<typeof requestSchema>;
const rowSchema = z.strictObject({ confidence: z.number().min(0).max(1), by: z.string().max(63), sure: z.boolean(), kept: z.enum(["cut", "bytes", "late", "refused"]).optional() });
const answerSchema = z.strictObject({ scores: packedSchema, rows: z.array(rowSchema) });

/** Lets a node's `model.answer` be answered by these, by model name; what is added later is answered too, and what is not there is passed on. `demand` throws where the one that asks may not use the model. */
export const answerHandler =
  (deciders: Pick<ReadonlyMap<string, Decider>, "get">, passOn?: (request: ModelRequest, deadlineMs: number | undefined) => Promise<unknown>, demand?: (model: string, from: NodeName) => Promise<void>, spans?: AnswerSpans): CallHandler =>
  async (parameters, from, deadlineMs) => {
    const parsed = requestSchema.safeParse(parameters);
    if (!parsed.success) throw new HolonError("HOLON_MODEL_INPUT_BAD", `a question to a model does not fit at ${parsed.error.issues[0]?.path.join(".") ?? "the top"}`);
    const { model, x } = parsed.data;
    const decider = deciders.get(model);
    if (decider === undefined && passOn !== undefined && parsed.data.only !== true) return passOn(parsed.data, deadlineMs);
    if (decider === undefined) throw new HolonError("HOLON_MODEL_MISSING", `no model ${model} answers on this node`);
    await demand?.(model, from);
    const decide = (traceparent?: string): Promise<readonly Decision[]> => decider.decide(unpackTensor(x), { label: parsed.data.label, traceparent });
    const decided = await (spans === undefined ? decide() : spans.around({ model, from, traceparent: parsed.data.traceparent }, decide));
    const classes = decided[0]?.scores.length ?? 0;
    const scores = new Float32Array(decided.length * classes);
    for (const [row, decision] of decided.entries()) scores.set(decision.scores, row * classes);
    const rows = decided.map(({ confidence, answeredBy, sure, kept }) => ({ confidence: Number(confidence.toPrecision(4)), by: answeredBy, sure, ...(kept === undefined ? {} : { kept }) }));
    return { scores: packTensor({ shape: [decided.length, classes], values: scores }), rows };
  };

/** `HOLON_MODEL_INPUT_BAD` for what is no answer for so many rows. */
export function parseAnswer(value: unknown, rows: number): readonly Decision[] {
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success || parsed.data.rows.length !== rows) throw new HolonError("HOLON_MODEL_INPUT_BAD", `the answer of a model does not fit ${rows} rows`, { cause: parsed.error });
  const scores = unpackTensor(parsed.data.scores).values;
  const classes = scores.length / Math.max(1, rows);
  return parsed.data.rows.map(({ confidence, by, sure, kept }, row) => ({ scores: scores.slice(row * classes, (row + 1) * classes), confidence, answeredBy: by, sure, ...(kept === undefined ? {} : { kept }) }));
}
