/**
 * Every secret that lies in a node's files, to be looked for in what it tells: all texts of `secrets.json`, the tokens of its machine, what its environment has under the name of one, and of files of keys whatever is long and looks like chance.
 * Read anew each time; where a file is there and cannot be read, nothing is told rather than something with its secret in it.
 */
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSecretName } from "@holon/core/diagnosis/redact.ts";
import { diskError, isErrno } from "../disk/error.ts";
import { unsealed } from "../secret-file.ts";

const keyFiles = ["measure-key.json", "director.json", "director-root-key.json", "log-keys.json", "log-keys.copy.json", "vault.json"];
const keyFolders = ["identity", "authority"];
const ofMachine = ["sessions.json", join("publisher", "keys")];

/** Where a shell stands and stood (POSIX): named like a password, and in every path below. */
const folders = new Set(["PWD", "OLDPWD"]);

export async function readNodeSecrets(folder: string): Promise<readonly string[]> {
  const data = dirname(folder);
  const found = new Set<string>(Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && isSecretName(name) && !folders.has(name) ? [value] : [])));
  const take = (texts: Iterable<string>): void => {
    for (const text of texts) found.add(text);
  };
  const token = (await textOf(join(data, "api-token")))?.trim();
  if (token !== undefined && token !== "") take([token]);
  take(textsIn(unsealed(join(folder, "secrets.json"), jsonOf(await textOf(join(folder, "secrets.json"))))));
  for (const name of keyFiles) take(keysIn(await textOf(join(folder, name)), join(folder, name)));
  for (const name of keyFolders) for (const file of await filesIn(join(folder, name))) take(keysIn(await textOf(file), file));
  for (const name of [...ofMachine, "keys"]) for (const file of await filesIn(join(data, name))) take(keysIn(await textOf(file), file));
  return [...found].sort();
}

/** Whatever in a file of keys could be one: lines of PEM, and long texts in base64 or hexadecimal. */
function keysIn(text: string | undefined, path: string): readonly string[] {
  if (text === undefined) return [];
  const plain = jsonOf(text);
  const texts = plain === undefined ? [text] : [...textsIn(unsealed(path, plain)), ...textsIn(plain)];
  return texts.flatMap((one) => (one.includes("-----BEGIN CERTIFICATE") || one.includes("PUBLIC KEY-----") ? [] : one.split(/\s+/).filter((line) => /^[\w+/=-]{24,}$/.test(line) && !line.startsWith("-----"))));
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) yield* textsIn(item);
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON: looked through as text
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR") || isErrno(error, "EISDIR")) return undefined;
    throw diskError("read", path, error);
  }
}

/** The file itself, or those in the folder. */
async function filesIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => join(path, name));
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) return [path];
    if (isErrno(error, "ENOENT")) return [];
    throw diskError("read", path, error);
  }
}
