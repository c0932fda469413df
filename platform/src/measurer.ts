/**
 * What this node is made of, on a real machine: the files of Holon's own workspaces as they are installed, those of the console and the manual that it serves, where the names of the workspaces lead to,
 * what they depend on, by their lockfile and file by file, the Node that runs them, what is loaded into its process beside them, and `holon.node.yaml`. `measured.json` in the node's folder holds what was adopted, under a key of the node's own (HMAC-SHA256).
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createReadStream, globSync } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { adoptedSchema, configurationName, firstStart, type Adopted, type Difference, type Measurement } from "@holon/core/measure/measured.ts";
import type { Measurer } from "@holon/core/ports.ts";
import { z } from "zod";
import { measureInside } from "./runner/inside-code.ts";
import { diskError, isErrno } from "./disk/error.ts";
import { goneFrom, lookAtCompiled, noteCompiled, programFolder } from "./measurer/compiled.ts";
import { keyPath, macOf, readKey } from "./measurer/key.ts";
import { isLink, measuredWorkspaces, programFiles } from "./measurer/program.ts";
import { hashOfPackage, isPackage, packageNames } from "./measurer/packages.ts";
import { hashOfPart, linkerFile, startParts, textOf, type StartedWith, type StartPart } from "./measurer/start.ts";
import { writeSecretFile } from "./secret-file.ts";
import { writeWhole } from "./whole-file.ts";

/** Its checksum, which stands behind the content of a blob. */
const blobCheckBytes = 4;
const runtimeName = "runtime";
const startName = ({ name }: StartPart): string => `start/${name.split("/").at(-1) ?? name}`;
/** What only the node's own process can tell of itself. */
export const isOfStart = (name: string): boolean => name.startsWith("start/");
/** Where Holon is installed: the folder of its workspaces. */
const installed = join(import.meta.dirname, "..", "..");

export interface MeasurerOptions {
  /** The node's own. */
  readonly folder: string;
  /** Of the `holon.node.yaml` that it was started with, if it was. */
  readonly config?: string | undefined;
  readonly program?: string;
  readonly runtime?: string;
  /** What the process that is measured was started with; without it that is not looked at: of another process. */
  readonly start?: StartedWith;
  /** What of its compiled form was found altered before it was loaded. */
  readonly compiled?: readonly Difference[];
  /** What is found at the first start is adopted. */
  readonly trustsFirst?: boolean;
  /** Makes again what of the running program is gone from `cache/program`: hashes by name. */
  restoreProgram?(gone: Readonly<Record<string, string>>): Promise<void>;
  /** Fails where a configuration is none: nobody adopts one with which the node would not start. */
  checkConfig?(text: string): Promise<void>;
}

const recordPath = (folder: string): string => join(folder, "measured.json");
const recordSchema = z.strictObject({ adopted: adoptedSchema, mac: z.base64() });

export function createMeasurer({ folder, config, program = installed, runtime = process.execPath, start, compiled = [], trustsFirst = false, restoreProgram, checkConfig }: MeasurerOptions): Measurer {
  const alteredCompiled = new Map(compiled.map((one) => [one.what, one] as const));
  const place = (name: string): string | undefined => (name === runtimeName ? runtime : name === configurationName ? config : join(program, name));
  const parts = (): readonly StartPart[] => (start === undefined ? [] : startParts(start, textOf(linkerFile)));
  /** Where it is among what is adopted, and still that. */
  async function configOf({ files }: Adopted): Promise<{ readonly config?: string }> {
    const own = files.find((file) => file.name === configurationName);
    if (own === undefined || config === undefined) return {};
    const text = await readFile(config, "utf8");
    if (createHash("sha256").update(text).digest("hex") !== own.hash) throw new HolonError("HOLON_MEASURE_OTHER", `${config} was changed while it was adopted`);
    await checkConfig?.(text);
    return { config: text };
  }

  return {
    adopted: () => readAdopted(folder),
    async adopt(adopted) {
      await writeAdopted(folder, { ...adopted, ...(await configOf(adopted)) });
      if (adopted.by === firstStart) await noteCompiled(folder); // there was no key for it before; where it cannot be noted, the next start says why
    },
    trustsFirst,
    async names() {
      return [...(config === undefined ? [] : [configurationName]), ...programFiles(program), ...(await packageNames(program)), runtimeName, ...parts().map((part) => startName(part))];
    },
    async hash(name) {
      const part = isOfStart(name) ? parts().find((one) => startName(one) === name) : undefined;
      if (part !== undefined) return hashOfPart(part, hashOf);
      if (isPackage(name)) return hashOfPackage(program, name);
      const path = place(name);
      return path === undefined ? undefined : isLink(name) ? hashOfLink(program, path) : hashOf(path);
    },
    async derived() {
      const inside = await measureInside();
      for (const one of await lookAtCompiled(folder)) alteredCompiled.set(one.what, one);
      const gone = restoreProgram === undefined ? {} : await goneFrom(folder, programFolder);
      if (Object.keys(gone).length > 0) await restoreProgram?.(gone).catch(() => undefined); // at the next look again, and at the next start
      if (inside !== undefined) alteredCompiled.set(`cache/${inside.name}`, { what: `cache/${inside.name}`, expected: inside.expected, found: inside.found });
      return [...alteredCompiled.values()];
    },
    artifact: (hash) => hashOf(join(folder, "blobs", hash), blobCheckBytes),
  };
}

/** All of it at once: for whoever adopts. */
export async function measureAll(measurer: Measurer): Promise<readonly Measurement[]> {
  const files: Measurement[] = [];
  for (const name of await measurer.names()) {
    const hash = await measurer.hash(name);
    if (hash !== undefined) files.push({ name, hash });
  }
  return files;
}

/** Undefined where nothing was. `HOLON_MEASURE_BAD` where the record is not one of this node's key, or the key is none. */
export async function readAdopted(folder: string): Promise<Adopted | undefined> {
  const path = recordPath(folder);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw diskError("read", path, error);
    // Its key without it: somebody took the record away.
    if ((await readKey(folder)) === undefined) return undefined;
    throw bad(`${path} is not there, and something was adopted before`);
  }
  const key = await readKey(folder);
  const parsed = recordSchema.safeParse(parse(text));
  if (!parsed.success || key === undefined) throw bad(`${path} does not fit`);
  const { adopted, mac } = parsed.data;
  const [is, should] = [Buffer.from(mac, "base64"), macOf(key.key, adopted)];
  if (is.length !== should.length || !timingSafeEqual(is, should)) throw bad(`${path} was not written with this node's key`);
  return adopted;
}

/** `HOLON_ARGUMENT_BAD` where it could not be read again: nothing is written then. In place of a key that is damaged comes a new one. */
export async function writeAdopted(folder: string, adopted: Adopted): Promise<void> {
  const [misfit] = adoptedSchema.safeParse(adopted).error?.issues ?? [];
  if (misfit !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `what is adopted cannot be kept: ${misfit.path.join(" ")}: ${misfit.message}`, { next: "Say it in fewer words: `because` has room for 1,024 characters, `by` for 256." });
  const known = await readKey(folder).catch((error: unknown) => {
    if (toHolonError(error).code === "HOLON_MEASURE_BAD") return undefined;
    throw error;
  });
  const { key } = known ?? (await writeSecretFile(keyPath(folder), { key: randomBytes(32).toString("base64") }));
  await writeWhole(recordPath(folder), `${JSON.stringify({ adopted, mac: macOf(key, adopted).toString("base64") })}\n`, 0o600);
}

const bad = (message: string): HolonError => new HolonError("HOLON_MEASURE_BAD", message);

/** Where it leads to; and what is there, where that is none of the workspaces that are measured anyway. */
async function hashOfLink(program: string, path: string): Promise<string | undefined> {
  try {
    const [root, target] = await Promise.all([realpath(program), realpath(path)]);
    const to = relative(root, target);
    const lines = [to];
    if (!measuredWorkspaces.some((name) => name === to)) for (const file of globSync("**/*.*", { cwd: target }).sort()) lines.push(`${file} ${(await hashOf(join(target, file))) ?? ""}`);
    return createHash("sha256").update(lines.join("\n")).digest("hex");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", path, error);
  }
}

/** `without`: so many bytes at its end. */
async function hashOf(path: string, without = 0): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    const end = (await stat(path)).size - without - 1;
    if (end >= 0) for await (const piece of createReadStream(path, { end })) hash.update(piece as Uint8Array);
    return hash.digest("hex");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", path, error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
