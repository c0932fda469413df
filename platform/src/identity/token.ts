/** The token of an invitation: text that a person carries from control to a new node. */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { tokenSchema, type Enrolment, type InvitationToken } from "@holon/core/identity/messages.ts";

const prefix = "holon-";
/** An Ed25519 seed as PKCS #8, and a public key as SubjectPublicKeyInfo (RFC 8410), up to the 32 bytes themselves. */
const privateHead = Buffer.from("302e020100300506032b657004220420", "hex");
const publicHead = Buffer.from("302a300506032b6570032100", "hex");

export function makeToken(scope: Omit<InvitationToken, "invitation" | "secret">): { readonly invitation: string; readonly key: string; readonly token: string } {
  const secret = randomBytes(32);
  const invitation = randomBytes(8).toString("hex");
  const text = JSON.stringify({ ...scope, invitation, secret: secret.toString("base64url") } satisfies InvitationToken);
  const publicKey = createPublicKey(privateKey(secret)).export({ type: "spki", format: "der" }).subarray(publicHead.length);
  return { invitation, key: publicKey.toString("base64url"), token: prefix + Buffer.from(text).toString("base64url") };
}

/** `HOLON_INVITATION_BAD`, without a word of the token. */
export function readToken(token: string): InvitationToken {
  const parsed = token.startsWith(prefix) ? tokenSchema.safeParse(parseJson(Buffer.from(token.slice(prefix.length), "base64url").toString())) : undefined;
  if (parsed?.success === true) return parsed.data;
  throw new HolonError("HOLON_INVITATION_BAD", "the token is not whole", { next: "Copy it again as `holon node invite` printed it." });
}

/** `chip`: the public key that the node is to be bound to. */
export const signEnrolment = (csr: string, secret: string, chip?: string): string => sign(null, enrolmentText(csr, chip), privateKey(Buffer.from(secret, "base64url"))).toString("base64url");

export function isSignedByInvitation({ csr, proof, chip }: Enrolment, key: string): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([publicHead, Buffer.from(key, "base64url")]), format: "der", type: "spki" });
  return verify(null, enrolmentText(csr, chip?.keyPem), publicKey, Buffer.from(proof, "base64url"));
}

/** Says what is signed, so that no signature stands for something else. */
const enrolmentText = (csr: string, chip: string | undefined): Buffer => Buffer.from(chip === undefined ? `holon enroll\n${csr}` : `holon enroll bound\n${chip}\n${csr}`);

const privateKey = (seed: Uint8Array): KeyObject => createPrivateKey({ key: Buffer.concat([privateHead, seed]), format: "der", type: "pkcs8" });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema, without its words
  }
}
