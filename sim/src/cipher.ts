import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { Cipher, CipherPlace, Random } from "@holon/core/ports.ts";

const algorithm = "aes-256-gcm";

/** Encryption is a pure function, so the simulated world uses the real one. Keys follow from the node's name, nonces from chance. */
export function createCipher(node: string, random: Pick<Random, "bytes">): Cipher {
  const keyOf = ({ generation, segment }: CipherPlace): Uint8Array => createHash("sha256").update(`${node} ${generation} ${segment}`).digest();
  return {
    generation: 1,
    holds: (generation) => generation === 1,
    nonce: () => random.bytes(12),
    encrypt(place, nonce, plain, associated) {
      const cipher = createCipheriv(algorithm, keyOf(place), nonce).setAAD(associated);
      const bytes = new Uint8Array(cipher.update(plain));
      cipher.final();
      return { bytes, tag: new Uint8Array(cipher.getAuthTag()) };
    },
    decrypt(place, nonce, hidden, associated, tag) {
      const decipher = createDecipheriv(algorithm, keyOf(place), nonce).setAAD(associated).setAuthTag(tag);
      const bytes = new Uint8Array(decipher.update(hidden));
      try {
        decipher.final();
      } catch {
        return { bytes, isAuthentic: false };
      }
      return { bytes, isAuthentic: true };
    },
  };
}
