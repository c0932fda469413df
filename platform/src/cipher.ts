/** AES-256-GCM by OpenSSL. Each segment of the log has a key of its own, derived from the master of its generation (HKDF, RFC 5869), so that nothing is lost with a segment's header. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import type { Cipher, CipherPlace } from "@holon/core/ports.ts";
import { plainBytes } from "./plain-bytes.ts";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
/** Keys of segments that are at hand: more than are read side by side. */
const derivedMax = 64;

/** `masters`: 32 bytes for each generation. `generation`: the one that is written with; undefined where nothing is encrypted any more. */
export function createCipher(masters: ReadonlyMap<number, Uint8Array>, generation: number | undefined, nonce: () => Uint8Array = () => plainBytes(randomBytes(12))): Cipher {
  const derived = new Map<string, Uint8Array>();

  function keyOf({ generation: of, segment }: CipherPlace): Uint8Array {
    const name = `holon log ${of} ${segment}`;
    const known = derived.get(name);
    if (known !== undefined) return known;
    const master = masters.get(of);
    if (master === undefined) throw new HolonError("HOLON_LOG_SEALED", `there are no keys of generation ${of}`);
    const key = new Uint8Array(hkdfSync("sha256", master, new Uint8Array(0), name, keyBytes));
    const [oldest] = derived.keys();
    if (oldest !== undefined && derived.size >= derivedMax) derived.delete(oldest);
    derived.set(name, key);
    return key;
  }

  return {
    generation,
    holds: (of) => masters.has(of),
    nonce,
    encrypt(place, iv, plain, associated) {
      const cipher = createCipheriv(algorithm, keyOf(place), iv).setAAD(associated);
      const bytes = plainBytes(cipher.update(plain));
      cipher.final(); // a stream: nothing is left
      return { bytes, tag: plainBytes(cipher.getAuthTag()) };
    },
    decrypt(place, iv, hidden, associated, tag) {
      const decipher = createDecipheriv(algorithm, keyOf(place), iv).setAAD(associated).setAuthTag(tag);
      const bytes = plainBytes(decipher.update(hidden));
      try {
        decipher.final();
        return { bytes, isAuthentic: true };
      } catch {
        return { bytes, isAuthentic: false }; // the caller looks what can be mended, and tells of the rest
      }
    },
  };
}
