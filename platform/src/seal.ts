/** Seals files to sites, and opens them with a site's key. The format is at the head of `core/src/seal/envelope.ts`. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, type KeyObject } from "node:crypto";
import { bad, encodeSealHead, readEnvelope, type SealHeader } from "@holon/core/seal/envelope.ts";
import { HolonError } from "@holon/core/errors.ts";
import { boxPrivateKey, hpkeOpen, hpkeSeal, rawPublicKey } from "./seal/hpke.ts";

export interface SealTo {
  readonly site: string;
  readonly key: KeyObject;
}

const info = Buffer.from("holon seal v1");
const tagBytes = 16;
const hashBytes = 32;
/** Each content's key is used for that content and these sites alone. */
const nonce = Buffer.alloc(12);
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/** By which people compare keys. */
export const sealFingerprint = (key: KeyObject): string => sha256(rawPublicKey(key)).toString("hex");
const wrapAad = (of: string, site: string): Buffer => Buffer.from(`${of}\n${site}`);

/**
 * The same file for the same sites is the same bytes, so that deploying again changes nothing: all that is by chance elsewhere is drawn here from the publisher's secret, the content
 * and whom it is for.
 */
export function seal(plain: Uint8Array, of: string, sites: readonly SealTo[], secret: Uint8Array): Uint8Array {
  const ordered = [...sites].sort((a, b) => (a.site < b.site ? -1 : 1));
  const hash = sha256(plain);
  const whom = [of, ...ordered.map(({ site, key }) => `${site} ${sealFingerprint(key)}`)].join("\n");
  const drawn = (label: string): Buffer => Buffer.from(hkdfSync("sha256", secret, hash, `holon seal ${label}\n${whom}`, 32));
  const key = drawn("content");
  const recipients = ordered.map(({ site, key: to }): SealHeader["recipients"][number] => {
    const { enc, ciphertext } = hpkeSeal(to, boxPrivateKey(drawn(`ephemeral ${site}`)), { info, aad: wrapAad(of, site), plain: key });
    return { site, key: sealFingerprint(to), enc: Buffer.from(enc).toString("base64url"), wrapped: Buffer.from(ciphertext).toString("base64url") };
  });
  const head = encodeSealHead({ of, recipients });
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(head);
  return Buffer.concat([head, cipher.update(hash), cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** `HOLON_SEAL_CLOSED` where it is for other sites or another key of this one, `HOLON_SEAL_BAD` where it is altered, or something else. */
export function unseal(bytes: Uint8Array, of: string, { site, key }: SealTo): Uint8Array {
  const { recipients, head, ciphertext, of: named } = readEnvelope(bytes, of);
  if (named !== of) throw bad(of, `is sealed as ${JSON.stringify(named)}`);
  const own = recipients.find((recipient) => recipient.site === site && recipient.key === sealFingerprint(key));
  if (own === undefined) throw new HolonError("HOLON_SEAL_CLOSED", `${of} is sealed to ${recipients.map((recipient) => `${recipient.site} (${recipient.key.slice(0, 12)})`).join(", ")}, and this node holds the key of ${site} (${sealFingerprint(key).slice(0, 12)})`);
  const content = hpkeOpen(key, { enc: Buffer.from(own.enc, "base64url"), ciphertext: Buffer.from(own.wrapped, "base64url") }, { info, aad: wrapAad(of, site) });
  if (content === undefined) throw bad(of, "is altered: its key does not unwrap");
  const plain = decrypted(content, head, ciphertext) ?? bad(of, "is altered");
  if (plain instanceof HolonError) throw plain;
  const file = plain.subarray(hashBytes);
  if (!sha256(file).equals(plain.subarray(0, hashBytes))) throw bad(of, "does not hold what its publisher put into it");
  return file;
}

function decrypted(key: Uint8Array, head: Uint8Array, ciphertext: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(head);
  decipher.setAuthTag(ciphertext.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(0, -tagBytes)), decipher.final()]);
  } catch {
    return undefined; // the one thing that authenticated decryption says
  }
}
