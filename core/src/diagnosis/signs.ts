/**
 * Whether a node takes what was signed for it: asked of it when somebody signs, so that a wrong key or a wrong name costs nobody their approval. What this says is help and no proof: the
 * node looks again before it does anything.
 */
import { z } from "zod";
import { adoptionSignedSchema, adoptWantedSchema } from "./adoption.ts";
import { grantSchema } from "./shell.ts";
import { signedBySchema, type SignedBy } from "./signed-by.ts";

export const signsMethod = "diagnosis.signs";

const wantedSchema = z.union([z.strictObject({ shell: grantSchema }), z.strictObject({ adoption: adoptionSignedSchema })]);
export const signsAskSchema = z.strictObject({ wanted: wantedSchema, signatures: z.array(signedBySchema).min(1).max(2) });
export type SignsAsk = z.infer<typeof signsAskSchema>;

const askedShellSchema = z.looseObject({ grant: grantSchema, signature: signedBySchema });

export interface ToBeSigned {
  readonly node: string;
  readonly wanted: SignsAsk["wanted"];
  /** Of who asked. */
  readonly first: SignedBy;
}

/** What a call that waits wants signed, by its parameters and its body; undefined where it wants nothing of that. */
export function toBeSigned(params: Readonly<Record<string, string>> | undefined, body: unknown): ToBeSigned | undefined {
  const shell = askedShellSchema.safeParse(body).data;
  if (shell !== undefined) return { node: shell.grant.node, wanted: { shell: shell.grant }, first: shell.signature };
  const { because, found, signed } = adoptWantedSchema.safeParse(body).data ?? {};
  const node = params?.["node"];
  if (node === undefined || because === undefined || found === undefined || signed === undefined) return undefined;
  return { node, wanted: { adoption: { because, found, id: signed.id, until: signed.until } }, first: signed.signature };
}
