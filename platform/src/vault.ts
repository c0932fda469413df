/**
 * What only this machine can open: AES-256-GCM under a key that is kept apart from the node's data. `vault.json` in the node's folder says where.
 *
 *     file        `keys/<node>.key` beside the node's folder, or where `path` says: for the node's own user alone
 *     passphrase  derived with Argon2id (RFC 9106) from a file that is there when the node starts, say a credential of systemd
 *     tpm         sealed by this machine's TPM 2.0: elsewhere it opens nothing
 *
 * A folder without `vault.json` has none, and what is in it is in the clear.
 */
import { argon2Sync, createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { sealingSchema, type Sealing } from "@holon/core/schema/sealing.ts";
import { z } from "zod";
import { makeFolder } from "./disk/folder.ts";
import { sealInTpm, unsealInTpm } from "./tpm/sealed.ts";

export interface Vault {
  readonly by: Sealing["by"];
  /** `name` stands under the seal: what is sealed for one place is not opened in another. */
  seal(name: string, bytes: Uint8Array): string;
  /** `HOLON_VAULT_CLOSED`. */
  open(name: string, sealed: string): Uint8Array;
}

const text = z.string().max(16_384);
const vaultSchema = z.strictObject({ ...sealingSchema.shape, salt: text.optional(), publicPart: text.optional(), privatePart: text.optional() });
type Description = z.infer<typeof vaultSchema>;

const keyBytes = 32;
const algorithm = "aes-256-gcm";
/** Of RFC 9106's second recommended choice the memory, for small machines. */
const argon = { parallelism: 1, memory: 65_536, passes: 3 };
/** Keys are taken from a TPM once in the life of a process. */
const opened = new Map<string, { readonly description: string; readonly key: Uint8Array }>();

const pathOf = (folder: string): string => join(folder, "vault.json");

/** That of the folder; undefined where it has none. `HOLON_VAULT_CLOSED`, `HOLON_TPM_FAILED`. */
export function openVault(folder: string): Vault | undefined {
  const path = pathOf(folder);
  if (!existsSync(path)) return undefined;
  const description = readFileSync(path, "utf8");
  const known = opened.get(path);
  const parsed = parse(path, description);
  const key = known?.description === description ? known.key : keyOf(folder, parsed);
  opened.set(path, { description, key });
  return vaultOf(parsed.by, key, parsed.by === "tpm" ? undefined : keyFileOf(folder, parsed));
}

/** With what a folder is sealed, if it is. `HOLON_VAULT_CLOSED` where that is damaged. */
export const sealingOf = (folder: string): Sealing | undefined => (existsSync(pathOf(folder)) ? parse(pathOf(folder), readFileSync(pathOf(folder), "utf8")) : undefined);

/** Makes it where there is none. One that is there stays as it is. */
export function makeVault(folder: string, sealing: Sealing): Vault {
  const there = openVault(folder);
  if (there !== undefined) return there;
  makeFolder(folder);
  const path = pathOf(folder);
  const fresh = randomBytes(keyBytes);
  const description: Description = { ...sealing, ...(sealing.by === "tpm" ? sealInTpm(fresh, sealing.tcti) : {}), ...(sealing.by === "passphrase" ? { salt: randomBytes(16).toString("base64url") } : {}) };
  if (sealing.by === "file") keepKeyFile(keyFileOf(folder, sealing), fresh);
  keyOf(folder, description); // what it could not open again is not made
  writeFileSync(`${path}.new`, `${JSON.stringify(description)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  const made = openVault(folder);
  if (made === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${path} was written and is not there`);
  return made;
}

/** Where a node's key file is: apart from its folder, so that a copy of the one is not a copy of the other. */
export const keyFileOf = (folder: string, { path }: Pick<Sealing, "path">): string => path ?? join(dirname(folder), "keys", `${basename(folder)}.key`);

function keepKeyFile(path: string, key: Uint8Array): void {
  if (existsSync(path)) return; // of a folder whose vault was lost: what it sealed can be opened again
  makeFolder(dirname(path));
  writeFileSync(path, Buffer.from(key).toString("base64"), { mode: 0o600, flag: "wx", flush: true });
}

function keyOf(folder: string, description: Description): Uint8Array {
  if (description.by === "tpm") return unsealInTpm(description.publicPart ?? "", description.privatePart ?? "", description.tcti);
  const path = keyFileOf(folder, description);
  if (description.by === "passphrase" && description.path === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${pathOf(folder)} does not say where the passphrase is`);
  const content = readGuarded(path);
  if (description.by === "file") {
    const key = Buffer.from(content.toString("utf8"), "base64");
    if (key.length !== keyBytes) throw new HolonError("HOLON_VAULT_CLOSED", `${path} holds no key of ${keyBytes} bytes`);
    return key;
  }
  return argon2Sync("argon2id", { ...argon, message: content, nonce: Buffer.from(description.salt ?? "", "base64url"), tagLength: keyBytes });
}

function readGuarded(path: string): Buffer {
  if (!existsSync(path)) throw new HolonError("HOLON_VAULT_CLOSED", `${path} is not there, and what is sealed to this node cannot be opened without it`);
  const { mode } = statSync(path);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) throw new HolonError("HOLON_SECRETS_EXPOSED", `${path} has mode ${(mode & 0o777).toString(8).padStart(4, "0")}, which gives others rights to it`);
  return readFileSync(path);
}

function parse(path: string, description: string): Description {
  let value: unknown;
  try {
    value = JSON.parse(description);
  } catch {
    value = undefined;
  }
  const parsed = vaultSchema.safeParse(value);
  if (!parsed.success) throw new HolonError("HOLON_VAULT_CLOSED", `${path} is damaged at ${parsed.error.issues[0]?.path.join(".") || "the top"}`);
  return parsed.data;
}

/** `keyFile`: where the key, or the passphrase that it is made of, was read. */
function vaultOf(by: Sealing["by"], key: Uint8Array, keyFile: string | undefined): Vault {
  return {
    by,
    seal(name, bytes) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(name));
      const hidden = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString("base64");
    },
    open(name, sealed) {
      const bytes = Buffer.from(sealed, "base64");
      try {
        const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, 12), { authTagLength: 16 }).setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
      } catch (cause) {
        if (keyFile === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${name} was sealed to another node, or is not as it was sealed`, { cause });
        const what = by === "passphrase" ? "passphrase" : "key";
        throw new HolonError("HOLON_VAULT_CLOSED", `${name} does not open with the ${what} in ${keyFile}: it is another ${what} than the one that sealed it, or ${name} is not as it was sealed`, {
          cause,
          next: `Put the ${what} that sealed this node back into that file, to the letter and the end of its line. Nothing was changed: with the right one the node starts as before. Only where that is lost for good, remove what was sealed and enrol the node again.`,
        });
      }
    },
  };
}
