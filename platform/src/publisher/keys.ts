/** Keys of a publisher: one file each, readable by its user alone, sealed with a passphrase where one is given (argon2id, RFC 9106; AES-256-GCM). */
import { argon2Sync, createCipheriv, createDecipheriv, createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSecretFile, writeSecretFile } from "../secret-file.ts";
import { publicKeyOf, type PublicKey, type SigningKey } from "../trust/tuf-repository.ts";

/** What RFC 9106 recommends where memory is dear: 64 MiB, three passes. */
const cost = { memory: 64 << 10, passes: 3, parallelism: 4, tagLength: 32 } as const;
const saltBytes = 16;
const nonceBytes = 12;

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const keyFileSchema = z.union([
  z.strictObject({ id: hex, keyPem: z.string().startsWith("-----BEGIN") }),
  z.strictObject({ id: hex, sealed: z.strictObject({ salt: hex, nonce: hex, tag: hex, bytes: hex }) }),
]);
type KeyFile = z.infer<typeof keyFileSchema>;

const fileName = ({ id }: PublicKey): string => `${id.slice(0, 16)}.json`;

/** Where a key's file lies, in the folder of keys. */
export const keyPath = (folder: string, key: PublicKey): string => join(folder, fileName(key));

export async function createKey(folder: string, passphrase: string | undefined): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const own = publicKeyOf(privateKey);
  const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  await writeSecretFile<KeyFile>(keyPath(folder, own), passphrase === undefined ? { id: own.id, keyPem } : { id: own.id, sealed: seal(keyPem, passphrase) });
  return { public: own, private: privateKey };
}

/** Those of the keys that are in this folder and that the passphrase opens; others are with somebody else. */
export async function openKeys(folder: string, wanted: readonly PublicKey[], passphrase: string | undefined): Promise<readonly SigningKey[]> {
  const present = new Set(await readdir(folder).catch(() => [])); // none are here
  const keys: SigningKey[] = [];
  for (const own of wanted) {
    const name = fileName(own);
    const file = present.has(name) ? await readSecretFile(join(folder, name), keyFileSchema) : undefined;
    const keyPem = file === undefined ? undefined : "keyPem" in file ? file.keyPem : passphrase === undefined ? undefined : unseal(file.sealed, passphrase);
    if (keyPem !== undefined) keys.push({ public: own, private: createPrivateKey(keyPem) });
  }
  return keys;
}

function seal(text: string, passphrase: string): Extract<KeyFile, { sealed: unknown }>["sealed"] {
  const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
  const cipher = createCipheriv("aes-256-gcm", derive(passphrase, salt), nonce);
  const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return { salt: salt.toString("hex"), nonce: nonce.toString("hex"), tag: cipher.getAuthTag().toString("hex"), bytes: bytes.toString("hex") };
}

/** Undefined where the passphrase is another. */
function unseal({ salt, nonce, tag, bytes }: Extract<KeyFile, { sealed: unknown }>["sealed"], passphrase: string): string | undefined {
  const decipher = createDecipheriv("aes-256-gcm", derive(passphrase, Buffer.from(salt, "hex")), Buffer.from(nonce, "hex"), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(tag, "hex"));
  try {
    return Buffer.concat([decipher.update(Buffer.from(bytes, "hex")), decipher.final()]).toString("utf8");
  } catch {
    return undefined; // the one thing that authenticated decryption says
  }
}

const derive = (passphrase: string, salt: Buffer): Buffer => argon2Sync("argon2id", { message: passphrase, nonce: salt, ...cost });
