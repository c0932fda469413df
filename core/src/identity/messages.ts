/** What nodes and their authority say to each other about identity, whichever way it goes: over a link or before there is one. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { nameSchema } from "../schema/name.ts";
import { tierSchema } from "../schema/app.ts";
import { chipProofSchema } from "./chip.ts";

const pemSchema = z.string().startsWith("-----BEGIN ").max(limits.certificateCharactersMax);
const base64url = z.string().regex(/^[\w-]+$/).max(limits.certificateCharactersMax);
const wholeMs = z.int().min(0);

/** A request for the first certificate: signed with the invitation's key, which the token alone holds, so that whoever passes it on can make nothing of it. */
export const enrolmentSchema = z.strictObject({
  invitation: z.string().regex(/^[0-9a-f]{16}$/),
  /** PKCS #10. */
  csr: pemSchema,
  /** Ed25519, by the invitation's key, over the request and the chip's key: nobody on the way can leave that out. */
  proof: base64url,
  /** Where the node has a TPM: its identity is bound to that from now on. */
  chip: chipProofSchema.optional(),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** A request for the next certificate: signed with the key of the present one, however long that has been over. */
export const renewalSchema = z.strictObject({
  csr: pemSchema,
  /** The present certificate and what signed it, leaf first. */
  chain: z.array(pemSchema).min(1).max(4),
  /** ECDSA on P-256 with SHA-256, by the present certificate's key. */
  proof: base64url,
  /** Of a bound node, or of one that binds itself with it. */
  chip: chipProofSchema.optional(),
});
export type Renewal = z.infer<typeof renewalSchema>;

/** A certificate, what signed it, and the root that both ends pin. */
export const issuedSchema = z.strictObject({
  chain: z.array(pemSchema).min(1).max(4),
  root: pemSchema,
  /** With a first certificate: the director's roots, of which the token names one by its hash. */
  director: z.array(z.string().max(limits.signatureFileBytesMax)).min(1).max(limits.directorRootsMax).optional(),
});
export type Issued = z.infer<typeof issuedSchema>;

export const revokedSchema = z.strictObject({
  node: nameSchema,
  /** Its certificates up to this number are no more; one that it is given later has a higher number. */
  through: z.int().min(0),
});
export type Revoked = z.infer<typeof revokedSchema>;

export const revocationListSchema = z.strictObject({
  /** Grows with each change; an older list never takes the place of a newer one. */
  version: z.int().min(1),
  revoked: z.array(revokedSchema).max(limits.revokedMax),
});
export type RevocationList = z.infer<typeof revocationListSchema>;

/** The list as canonical JSON, with what proves it. */
export const signedRevocationsSchema = z.strictObject({
  list: z.string().max(limits.callBytesMax),
  /** ECDSA on P-256 with SHA-256, by the first of `chain`: an authority under the root. */
  proof: base64url,
  chain: z.array(pemSchema).min(1).max(4),
});
export type SignedRevocations = z.infer<typeof signedRevocationsSchema>;

/** Call `identity.look`: is it time for a new certificate, and what was revoked since? */
export const lookSchema = z.strictObject({ issuedMs: wholeMs, expiresMs: wholeMs, revocations: z.int().min(0) });
export type Look = z.infer<typeof lookSchema>;
export const lookAnswerSchema = z.strictObject({
  /** `null`: nobody asked knows the time. */
  due: z.boolean().nullable(),
  /** Where the one asked holds a newer list. */
  revocations: signedRevocationsSchema.optional(),
  /** Which one it holds. */
  version: z.int().min(0),
});

/** A text that a node signed with the key of its present certificate, and what leads from that to the root. */
export const vouchedSchema = z.strictObject({ chain: z.array(pemSchema).min(1).max(4), proof: base64url });
export type Vouched = z.infer<typeof vouchedSchema>;

/** What an invitation allows: one node, by name, site and tier. */
export const invitedSchema = z.strictObject({ node: nameSchema, site: nameSchema, tier: tierSchema });
export type Invited = z.infer<typeof invitedSchema>;

/** What the token says, base64url of its JSON. */
export const tokenSchema = z.strictObject({
  ...invitedSchema.shape,
  /** Where to ask: `wss://127.0.0.1:7401`. */
  address: z.string().max(256),
  /** SHA-256 of the root's certificate, 64 hexadecimal digits: whoever shows another is not the fleet. */
  authority: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of the director's root at that time: whoever shows others is not this control plane. */
  director: z.string().regex(/^[0-9a-f]{64}$/).optional(),
  /** Of the authority at that time, where that is not the first: whoever shows a lower one has a key that was stolen. */
  series: z.int().min(1).optional(),
  invitation: enrolmentSchema.shape.invitation,
  /** Seed of the invitation's Ed25519 key. */
  secret: z.string().regex(/^[\w-]{43}$/),
});
export type InvitationToken = z.infer<typeof tokenSchema>;

/** Methods of `call`, and of the routes of the listener. */
export const identityMethods = { enroll: "identity.enroll", renew: "identity.renew", look: "identity.look", revoked: "identity.revoked", challenge: "identity.challenge" } as const;
export type LobbyMethod = (typeof identityMethods)["enroll" | "renew" | "challenge"];
