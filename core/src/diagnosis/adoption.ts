/**
 * What a node was found to be made of is what it is to be made of from now on. Where two people have to want it, they sign the words here for the node that adopts: who stands above it
 * can say that there were two, and cannot sign in their place.
 */
import { z } from "zod";
import { canonicalJson } from "../json.ts";
import { bySchema, sessionSchema } from "./ask.ts";
import { grantIdSchema, signedBySchema, type Grant } from "./signed-by.ts";

const wantedFields = { because: z.string().min(1).max(1_024), found: z.string().regex(/^[0-9a-f]{64}$/) };
const signedFields = { id: grantIdSchema, until: z.iso.datetime() };

/** What is signed of it, but for the node, which is the one that is asked. */
export const adoptionSignedSchema = z.strictObject({ ...wantedFields, ...signedFields });

/** As it is asked for at an API: `signed` by whoever asks. */
export const adoptWantedSchema = z.strictObject({ ...wantedFields, signed: z.strictObject({ ...signedFields, signature: signedBySchema }).optional() });
export type AdoptWanted = z.infer<typeof adoptWantedSchema>;

/** As the node is asked: with what another person signed as well. */
export const adoptAskSchema = z.strictObject({ ...wantedFields, signed: z.strictObject({ ...signedFields, signatures: z.array(signedBySchema).min(1).max(2) }).optional(), by: bySchema, session: sessionSchema });
export type AdoptAsk = z.infer<typeof adoptAskSchema>;
export const adoptAnswerSchema = z.strictObject({ node: z.string(), files: z.int(), altered: z.array(z.strictObject({ what: z.string(), expected: z.string().nullable(), found: z.string().nullable() })) });

export interface AdoptionGrant extends Grant {
  readonly because: string;
  readonly found: string;
}

const encoder = new TextEncoder();
export const adoptionWords = ({ node, id, until, because, found }: AdoptionGrant): Uint8Array => encoder.encode(`holon adopt\n${canonicalJson({ node, id, until, because, found })}`);
