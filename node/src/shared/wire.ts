/** The call `shared.exchange`: what one node has of shared state for another, both ways in one call. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { z } from "zod";
import type { IncomingEntry } from "./store.ts";

export const exchangeMethod = "shared.exchange";

const entrySchema = z.tuple([z.string().max(512), z.enum(["derived", "aggregate", "public"]), z.string()]).transform(([id, dataClass, text]): IncomingEntry => ({ id, class: dataClass, text }));
/** By app, a number of the answering node's changes. */
const numbersSchema = z.array(z.tuple([nameSchema, z.int().min(0)])).max(2 * limits.sharedAppsMax);
const generationSchema = z.string().min(1).max(64);

const requestSchema = z.strictObject({
  /** Whose numbers these are: another generation counts from 0. */
  generation: generationSchema.nullable(),
  /** How far the caller has what the other has, by app. Apps that are not named are not wanted. */
  apps: numbersSchema,
  entries: z.array(entrySchema),
});

const answerSchema = z.strictObject({
  generation: generationSchema,
  /** How far the caller now has it. */
  apps: numbersSchema,
  entries: z.array(entrySchema),
  /** Whether there is more than fits. */
  more: z.boolean(),
});

export type ExchangeRequest = z.infer<typeof requestSchema>;
export type ExchangeAnswer = z.infer<typeof answerSchema>;
export type WireEntry = z.input<typeof entrySchema>;

export const parseRequest = (value: unknown): ExchangeRequest => parsed(requestSchema, value, "request");
export const parseAnswer = (value: unknown): ExchangeAnswer => parsed(answerSchema, value, "answer");

function parsed<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const result = schema.safeParse(value);
  if (!result.success) throw new HolonError("HOLON_FRAME_BAD", `the ${what} of ${exchangeMethod} does not fit at ${result.error.issues[0]?.path.join(".") || "the top"}`);
  return result.data;
}
