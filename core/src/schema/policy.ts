/** A policy as it travels: its text, exactly as people reviewed it, and what names it. */
import { z } from "zod";
import { limits } from "../limits.ts";

export const policyDocumentSchema = z.strictObject({
  text: z.string().min(1).max(limits.policyTextMax),
  /** SHA-256 of the text in UTF-8. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;
