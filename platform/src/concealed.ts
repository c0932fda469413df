/** Text that nobody reads without its key: AES-256-GCM by OpenSSL. The nonce is of chance, which is enough for 2^32 texts under one key (NIST SP 800-38D, section 8.3). */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

export function conceal(key: Uint8Array, about: string, text: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(about));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

export function reveal(key: Uint8Array, about: string, concealed: string): string | undefined {
  const bytes = Buffer.from(concealed, "base64url");
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes));
  const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8");
  try {
    return text + decipher.final("utf8");
  } catch {
    return undefined; // of another key, or about something else
  }
}
