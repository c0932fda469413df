/**
 * A node's identity bound to its TPM: beside the key of its certificate, which is a file or memory and can be copied, a second key signs each request for a certificate, and that one cannot
 * leave the chip. Each key signs for the other, and the chip signs control's nonce, so that no part of a request is of use in another, nor a second time.
 */
import { z } from "zod";

const signature = z.string().regex(/^[\w-]+$/).max(256);

export const chipProofSchema = z.strictObject({
  /** The chip's public key: ECDSA on P-256, SubjectPublicKeyInfo. */
  keyPem: z.string().startsWith("-----BEGIN PUBLIC KEY-----").max(1_024),
  /** Of control, by `identity.challenge`; with a first certificate the invitation, which is used once. */
  nonce: z.string().regex(/^[\w.-]{16,128}$/),
  /** By the chip, over nonce and request. */
  proof: signature,
  /** By the key of the certificate, or of the request for the first one, over nonce and chip key. */
  vouched: signature,
});
export type ChipProof = z.infer<typeof chipProofSchema>;

export const challengeSchema = z.strictObject({});
export const challengeAnswerSchema = z.strictObject({ nonce: chipProofSchema.shape.nonce });

const encoder = new TextEncoder();
/** What the chip signs. */
export const chipText = (nonce: string, csr: string): Uint8Array => encoder.encode(`holon chip\n${nonce}\n${csr}`);
/** What the other key signs. */
export const chipKeyText = (nonce: string, keyPem: string): Uint8Array => encoder.encode(`holon chip key\n${nonce}\n${keyPem}`);

/** Of a node's own identity, as its status tells it. */
export interface Binding {
  /** Whether its certificate is renewed with its TPM's signature only. */
  readonly isBound: boolean;
  /** Why the TPM did not sign when it was last asked; undefined where it did. */
  readonly problem?: { readonly code: string; readonly message: string; readonly next: string } | undefined;
}
