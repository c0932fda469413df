/** What a node's TPM signed of what the node is made of. */
import { z } from "zod";
import { measurementSchema } from "./measured.ts";

const base64 = z.base64().max(4_096);

export const quoteSchema = z.strictObject({ files: z.array(measurementSchema).max(64), message: base64, signature: base64, keyPem: z.string().startsWith("-----BEGIN PUBLIC KEY-----").max(1_024) });
export type Quote = z.infer<typeof quoteSchema>;
