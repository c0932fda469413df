/** What people sign with keys that a node's own configuration names: whoever carries it on has none of them. */
import { z } from "zod";
import { nameSchema } from "../schema/name.ts";

/** Ed25519, base64. */
export const signatureSchema = z.base64().min(80).max(128);
/** Of one grant, once. */
export const grantIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const signedBySchema = z.strictObject({ signer: nameSchema, signature: signatureSchema });
export type SignedBy = z.infer<typeof signedBySchema>;

/** What every grant says, whatever it is for. */
export interface Grant {
  readonly node: string;
  readonly id: string;
  readonly until: string;
}
