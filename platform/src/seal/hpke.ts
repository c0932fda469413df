/** HPKE, base mode, one message (RFC 9180, sections 4, 5.1.1 and 6.1): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM. */
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";

/** An X25519 seed as PKCS #8, and a public key as SubjectPublicKeyInfo (RFC 8410), up to the 32 bytes themselves. */
const privateHead = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicHead = Buffer.from("302a300506032b656e032100", "hex");

export const boxPrivateKey = (seed: Uint8Array): KeyObject => createPrivateKey({ key: Buffer.concat([privateHead, seed]), format: "der", type: "pkcs8" });
export const boxPublicKey = (raw: Uint8Array): KeyObject => createPublicKey({ key: Buffer.concat([publicHead, raw]), format: "der", type: "spki" });
/** The 32 bytes of a public key, also of a private one's. */
export const rawPublicKey = (key: KeyObject): Buffer => (key.type === "public" ? key : createPublicKey(key)).export({ type: "spki", format: "der" }).subarray(publicHead.length);

interface Suite {
  readonly aead: 1 | 2;
  readonly cipher: "aes-128-gcm" | "aes-256-gcm";
  readonly keyBytes: 16 | 32;
}
export const aes256: Suite = { aead: 2, cipher: "aes-256-gcm", keyBytes: 32 };
/** For the vectors of the RFC alone. */
export const aes128: Suite = { aead: 1, cipher: "aes-128-gcm", keyBytes: 16 };

export interface Sealed {
  /** The ephemeral public key. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const tagBytes = 16;
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const kemId = u16(0x0020);
const kemSuite = Buffer.concat([Buffer.from("KEM"), kemId]);
const suiteOf = ({ aead }: Suite): Buffer => Buffer.concat([Buffer.from("HPKE"), kemId, u16(0x0001), u16(aead)]);
const none = Buffer.alloc(0);

/** `ephemeral` is used for this one message. */
export function hpkeSeal(to: KeyObject, ephemeral: KeyObject, { info, aad, plain, suite = aes256 }: { readonly info: Uint8Array; readonly aad: Uint8Array; readonly plain: Uint8Array; readonly suite?: Suite }): Sealed {
  const enc = rawPublicKey(ephemeral);
  const { key, nonce } = schedule(sharedSecret(diffieHellman({ privateKey: ephemeral, publicKey: to }), enc, rawPublicKey(to)), info, suite);
  const cipher = createCipheriv(suite.cipher, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  return { enc, ciphertext: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** Undefined where it was not sealed to this key, for this purpose, or is altered. */
export function hpkeOpen(own: KeyObject, { enc, ciphertext }: Sealed, { info, aad, suite = aes256 }: { readonly info: Uint8Array; readonly aad: Uint8Array; readonly suite?: Suite }): Uint8Array | undefined {
  if (ciphertext.length < tagBytes) return undefined;
  try {
    const { key, nonce } = schedule(sharedSecret(diffieHellman({ privateKey: own, publicKey: boxPublicKey(enc) }), enc, rawPublicKey(own)), info, suite);
    const decipher = createDecipheriv(suite.cipher, key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(-tagBytes));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, -tagBytes)), decipher.final()]);
  } catch {
    return undefined; // a point of low order, or a tag that does not fit: it is not for us
  }
}

function sharedSecret(dh: Buffer, enc: Uint8Array, to: Uint8Array): Buffer {
  return labeledExpand(kemSuite, labeledExtract(kemSuite, none, "eae_prk", dh), "shared_secret", Buffer.concat([enc, to]), 32);
}

function schedule(shared: Buffer, info: Uint8Array, suite: Suite): { readonly key: Buffer; readonly nonce: Buffer } {
  const id = suiteOf(suite);
  const context = Buffer.concat([Buffer.from([0]), labeledExtract(id, none, "psk_id_hash", none), labeledExtract(id, none, "info_hash", info)]);
  const secret = labeledExtract(id, shared, "secret", none);
  return { key: labeledExpand(id, secret, "key", context, suite.keyBytes), nonce: labeledExpand(id, secret, "base_nonce", context, 12) };
}

const labeledExtract = (suite: Buffer, salt: Uint8Array, label: string, input: Uint8Array): Buffer => createHmac("sha256", salt).update("HPKE-v1").update(suite).update(label).update(input).digest();

/** One block of HKDF is enough: nothing here is longer than 32 bytes. */
const labeledExpand = (suite: Buffer, secret: Buffer, label: string, info: Uint8Array, length: 12 | 16 | 32): Buffer =>
  createHmac("sha256", secret).update(u16(length)).update("HPKE-v1").update(suite).update(label).update(info).update(Buffer.from([1])).digest().subarray(0, length);
