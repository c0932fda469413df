/** The question of a node whose child was lost: whether it is connected to another now. Between the two ends of a link. */
import { z } from "zod";
import { limits } from "../limits.ts";

export const elsewhereMethod = "child.elsewhere";

/** `agoMs`: for how long it has been lost, or has been connected elsewhere: milliseconds, so that no clock counts. */
const rowSchema = z.strictObject({ node: z.string().min(1).max(63), agoMs: z.number().min(0) });
export type ElsewhereRow = z.infer<typeof rowSchema>;

export const elsewhereRequestSchema = z.strictObject({ lost: z.array(rowSchema).max(limits.elsewhereAskedAtOnce) });
/** Of those that were asked for: who is connected to a node that is not below whoever asks. */
export const elsewhereAnswerSchema = z.strictObject({ elsewhere: z.array(rowSchema).max(limits.elsewhereAskedAtOnce) });
