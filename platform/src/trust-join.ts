import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { readSecretFile, writeSecretFile } from "./trust-file.ts";

/** 32 bytes of chance, base64url. */
export const tokenSchema = z.string().regex(/^[\w-]{43}$/, "a token of 43 characters");

const joinInfoSchema = z.strictObject({
  token: tokenSchema,
  caPem: z.string().startsWith("-----BEGIN CERTIFICATE-----"),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
});

/** What a child holds of its parent: the token to show, the authority to pin, and that authority's SHA-256 for people to compare. */
export type JoinInfo = Readonly<z.infer<typeof joinInfoSchema>>;

const fileName = "join.json";

/** What this data folder holds of its parent; undefined if it never joined one. `HOLON_CONFIG_BAD` if the file is damaged. */
export async function readJoin(folder: string): Promise<JoinInfo | undefined> {
  const info = await readSecretFile(join(folder, fileName), joinInfoSchema);
  if (info !== undefined) check(info, join(folder, fileName));
  return info;
}

/** Stores it for the next boots. `HOLON_CONFIG_BAD` if the fingerprint is not the authority's. */
export async function writeJoin(folder: string, info: JoinInfo): Promise<void> {
  check(joinInfoSchema.parse(info), "the join information");
  await writeSecretFile(join(folder, fileName), info);
}

/** What this data folder holds of a sibling: the same as of a parent, in `siblings/<name>.json`. */
export async function readSiblingJoin(folder: string, sibling: string): Promise<JoinInfo | undefined> {
  const path = siblingPath(folder, sibling);
  const info = await readSecretFile(path, joinInfoSchema);
  if (info !== undefined) check(info, path);
  return info;
}

/** Stores what this folder needs to be let in by a sibling. `HOLON_CONFIG_BAD` if the fingerprint is not the authority's. */
export async function writeSiblingJoin(folder: string, sibling: string, info: JoinInfo): Promise<void> {
  check(joinInfoSchema.parse(info), "the join information");
  await writeSecretFile(siblingPath(folder, sibling), info);
}

const siblingPath = (folder: string, sibling: string): string => join(folder, "siblings", `${sibling}.json`);

/** SHA-256 of a certificate's DER form, 64 lower-case hexadecimal digits. */
export const certificateFingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

function check(info: JoinInfo, where: string): void {
  let fingerprint: string;
  try {
    fingerprint = certificateFingerprint(info.caPem);
  } catch (cause) {
    throw new HolonError("HOLON_CONFIG_BAD", `${where}: caPem is no certificate`, { next: joinAgain, cause });
  }
  if (fingerprint !== info.fingerprint) throw new HolonError("HOLON_CONFIG_BAD", `${where}: the fingerprint is not that of caPem`, { next: joinAgain });
}

const joinAgain = "Take the join information from the parent again.";
