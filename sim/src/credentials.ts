/** Sealing without its cost: a hash with a salt of the seed's. What is concealed is so truly: markers are looked for in what the simulated wire carries. */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { Credentials, Random } from "@holon/core/ports.ts";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");

export function createCredentials(random: Pick<Random, "bytes">): Credentials {
  const chance = (): string => hash(Buffer.from(random.bytes(32)).toString("hex"));
  return {
    seal(password) {
      const salt = chance();
      return Promise.resolve(`sim$${salt}$${hash(salt + password)}`);
    },
    matches(password, sealed) {
      const [, salt = "", tag] = sealed?.split("$") ?? [];
      return Promise.resolve(tag === hash(salt + password));
    },
    secret: chance,
    conceal(key, about, text) {
      const nonce = random.bytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(about));
      return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
    },
    reveal(key, about, concealed) {
      const bytes = Buffer.from(concealed, "base64url");
      if (bytes.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes));
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8");
      try {
        return text + decipher.final("utf8");
      } catch {
        return undefined; // of another key, or about something else
      }
    },
  };
}
