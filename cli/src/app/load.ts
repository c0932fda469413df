/** Reads an app's manifest: `holon.app.ts`, `.yaml` or `.json` in a folder. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { appManifestSchema, type AppManifest, type SourceSpec } from "@holon/core/schema/app.ts";
import { bundleForNode } from "@holon/platform/bundle.ts";
import { parseDocument } from "yaml";
import { z } from "zod";

const names = ["holon.app.ts", "holon.app.js", "holon.app.yaml", "holon.app.yml", "holon.app.json"] as const;

export interface LoadedManifest {
  readonly manifest: AppManifest;
  /** Folder that the manifest's paths are relative to. */
  readonly folder: string;
  readonly path: string;
}

/** `HOLON_APP_MISSING`, `HOLON_APP_BAD` naming the field at fault. */
export async function loadManifest(folderOrFile: string): Promise<LoadedManifest> {
  const path = await findManifest(resolve(folderOrFile));
  const content = /\.[tj]s$/.test(path) ? await importManifest(path) : await readManifest(path);
  const parsed = appManifestSchema.safeParse(content);
  if (!parsed.success) throw new HolonError("HOLON_APP_BAD", `${path} does not fit: ${z.prettifyError(parsed.error).replaceAll("\n", "; ")}`);
  const folder = join(path, "..");
  return { manifest: { ...parsed.data, sources: parsed.data.sources.map((source) => fromFolder(source, folder)) }, folder, path };
}

/** Recordings are named from the manifest, as modules and models are. */
const fromFolder = (source: SourceSpec, folder: string): SourceSpec =>
  source.kind === "replay" ? { ...source, files: source.files.map((file) => ({ ...file, path: resolve(folder, file.path) })) } : source;

async function findManifest(place: string): Promise<string> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) throw new HolonError("HOLON_APP_MISSING", `${place} does not exist`);
  if (!found.isDirectory()) return place;
  for (const name of names) {
    const path = join(place, name);
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  throw new HolonError("HOLON_APP_MISSING", `${place} holds no manifest (${names.join(", ")})`);
}

async function importManifest(path: string): Promise<unknown> {
  try {
    const code = await bundleForNode(path);
    const module: unknown = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
    if (typeof module === "object" && module !== null && "default" in module) return module.default;
  } catch (cause) {
    throw new HolonError("HOLON_APP_BAD", `${path} does not load: ${toHolonError(cause).message}`, { cause });
  }
  throw new HolonError("HOLON_APP_BAD", `${path} has no default export`);
}

const readManifest = async (path: string): Promise<unknown> => readYaml(await readFile(path, "utf8"), path);

/** YAML, and with it JSON. `HOLON_APP_BAD` also for what is well written and has no end, as names that stand for each other. */
export function readYaml(text: string, path: string): unknown {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw new HolonError("HOLON_APP_BAD", `${path}: ${problem.message.split("\n")[0] ?? "not YAML"}`);
  try {
    return document.toJS();
  } catch (cause) {
    throw new HolonError("HOLON_APP_BAD", `${path}: ${toHolonError(cause).message}`, { cause });
  }
}
