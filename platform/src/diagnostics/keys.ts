/** Keys of people who sign for a shell, and of one session: what they sign and open, on the machine of the person. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { boxPrivateKey, hpkeOpen, rawPublicKey } from "../seal/hpke.ts";

export const shellInfo = Buffer.from("holon shell output 1");

/** A person's key: the private half as PEM, the public one as a node's configuration names it. */
export function makeSigner(): { readonly privatePem: string; readonly publicKey: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), publicKey: publicOf(privateKey) };
}

/** `HOLON_ARGUMENT_BAD`. */
export function readSigner(pem: string): { readonly publicKey: string; sign(message: Uint8Array): string } {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new HolonError("HOLON_ARGUMENT_BAD", "the file of the key holds no private key", { cause, next: "Make one with `holon node signer FILE`." });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new HolonError("HOLON_ARGUMENT_BAD", `the key is ${key.asymmetricKeyType ?? "of no known kind"}; it takes Ed25519`, { next: "Make one with `holon node signer FILE`." });
  return { publicKey: publicOf(key), sign: (message) => sign(null, message, key).toString("base64") };
}

const publicOf = (key: KeyObject): string => Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url").toString("base64");

export interface SessionKeys {
  readonly sessionKey: string;
  readonly boxKey: string;
  sign(message: Uint8Array): string;
  /** `HOLON_SHELL_UNSIGNED` where it is not for this session, or altered. */
  open(enc: string, sealed: string, about: Uint8Array): string;
}

/** Of one session; gone with the process that made them. */
export function makeSessionKeys(random: (bytes: number) => Uint8Array): SessionKeys {
  const signer = generateKeyPairSync("ed25519").privateKey;
  const box = boxPrivateKey(random(32));
  return {
    sessionKey: publicOf(signer),
    boxKey: rawPublicKey(box).toString("base64"),
    sign: (message) => sign(null, message, signer).toString("base64"),
    open(enc, sealed, about) {
      const plain = hpkeOpen(box, { enc: Buffer.from(enc, "base64"), ciphertext: Buffer.from(sealed, "base64") }, { info: shellInfo, aad: about });
      if (plain === undefined) throw new HolonError("HOLON_SHELL_UNSIGNED", "what came back was not sealed to this session by the node, or not in this place", { next: "End it, and look at who carries it." });
      return Buffer.from(plain).toString("utf8");
    },
  };
}
