/**
 * A program of hundreds of modules as few files: what a node loads, written once more without what only people read. Hundreds of modules weigh some 15 MB more in memory than what they say: their text
 * with its comments, what was compiled of it, and what Node.js holds of each.
 *
 *     entry and all it imports ──▶ entry.mjs, chunk-….mjs (what is imported later, if at all) ──▶ made-of.json: hash of each file it was made of
 *
 * Each module goes on as if it lay where it lies: `import.meta` says so, and what it starts as a thread or a process is the file beside it, as it is.
 */
import type { BuildResult, ImportKind, Plugin } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { withBundler } from "./bundler.ts";
import { writeWhole } from "./whole-file.ts";

const madeOfSchema = z.strictObject({ how: z.string(), files: z.record(z.string(), z.string()) });
const madeOfPath = (folder: string): string => join(folder, "made-of.json");
/** What brings files of its own, which it looks for beside itself. */
const stays = /^(?:isolated-vm|onnxruntime-(?:node|web)|esbuild)(?:\/|$)/;
/** What is made by another form of this, or for another Node.js, is made anew. */
const how = `1 ${process.version}`;
const atOnce = 16;

export interface OneFileOptions {
  /** Absolute path of the first module. */
  readonly entry: string;
  /** Holds nothing else. */
  readonly folder: string;
  /** Modules that are loaded where they lie, if they are: what `entry` never needs once it is one file. Absolute paths. */
  readonly apart: readonly string[];
  /** Modules that are loaded, and of which nothing is used. */
  readonly empty: RegExp;
}

/** Path of the first file: found, where every file that it was made of is as it was, or made. Rejects where it cannot be made. */
export async function oneFile(options: OneFileOptions): Promise<string> {
  const { folder } = options;
  const program = join(folder, "entry.mjs");
  if (await isCurrent(folder)) return program;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of await make(options)) await writeWhole(path, contents, 0o600);
  return program;
}

/** Writes anew what of it is gone, while it runs: of `hashes`, by name in its folder, those that the modules as they lie now still give. Nothing else is touched. */
export async function restoreOneFile(options: OneFileOptions, hashes: Readonly<Record<string, string>>): Promise<void> {
  for (const { path, contents } of await make(options)) {
    if (hashes[basename(path)] === createHash("sha256").update(contents).digest("hex")) await writeWhole(path, contents, 0o600);
  }
}

/** The last of them says what they were made of: without it what was written is not whole, and is made anew. */
async function make(options: OneFileOptions): Promise<readonly { readonly path: string; readonly contents: Uint8Array | string }[]> {
  const { outputFiles, metafile } = await build(options);
  const files = await hashesOf(Object.keys(metafile.inputs).filter((path) => !path.includes(":")).map((path) => resolve("/", path)));
  return [...outputFiles, { path: madeOfPath(options.folder), contents: `${JSON.stringify({ how, files })}\n` }];
}

async function isCurrent(folder: string): Promise<boolean> {
  try {
    const madeOf = madeOfSchema.parse(JSON.parse(await readFile(madeOfPath(folder), "utf8")));
    const now = await hashesOf(Object.keys(madeOf.files));
    return madeOf.how === how && Object.entries(madeOf.files).every(([path, hash]) => now[path] === hash);
  } catch {
    return false; // not there, not whole, or a file of it is gone
  }
}

async function hashesOf(paths: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (let first = 0; first < paths.length; first += atOnce) {
    hashes.push(...(await Promise.all(paths.slice(first, first + atOnce).map(async (path): Promise<[string, string]> => [path, createHash("sha256").update(await readFile(path)).digest("hex")]))));
  }
  return Object.fromEntries(hashes);
}

const build = ({ entry, folder, apart, empty }: OneFileOptions): Promise<BuildResult<{ write: false; metafile: true }>> =>
  withBundler((bundler) =>
    bundler.build({
      entryPoints: { entry },
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      absWorkingDir: "/",
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "es2024",
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      logLevel: "silent",
      plugins: [whereTheyLie(apart, empty)],
      // For modules of the older kind, which require what Node.js has; and for `import.meta.resolve`, which would look from where the file of all is.
      banner: { js: `import{createRequire as holonRequire}from"node:module";import{pathToFileURL as holonAddress}from"node:url";const require=holonRequire(${JSON.stringify(entry)});const holonResolve=(specifier,from)=>holonAddress(holonRequire(from).resolve(specifier)).href;` },
    }),
  );

function whereTheyLie(apart: readonly string[], empty: RegExp): Plugin {
  const asked = {};
  return {
    name: "where-they-lie",
    setup(builder) {
      builder.onResolve({ filter: stays }, ({ path, resolveDir, kind, pluginData }) => (pluginData === asked ? undefined : outside(path, resolveDir, kind)));
      const outside = async (path: string, resolveDir: string, kind: ImportKind) => {
        const found = await builder.resolve(path, { resolveDir, kind, pluginData: asked });
        return found.errors.length > 0 ? { path, external: true } : { path: pathToFileURL(found.path).href, external: true };
      };
      builder.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const there = resolve(resolveDir, path);
        return apart.includes(there) ? { path: pathToFileURL(there).href, external: true } : undefined;
      });
      builder.onLoad({ filter: empty }, () => ({ contents: "", loader: "js" }));
      builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        return text.includes("import.meta") ? { contents: inItsPlace(text, path), loader: "ts" } : undefined;
      });
    },
  };
}

/** What a module asks about itself, said by where it lies. */
function inItsPlace(text: string, path: string): string {
  const address = JSON.stringify(pathToFileURL(path).href);
  return text
    .replaceAll(/\bimport\.meta\.resolve\(([^()]*)\)/g, (_, asked: string) => `holonResolve(${asked}, ${address})`)
    .replaceAll(/\bimport\.meta\.url\b/g, address)
    .replaceAll(/\bimport\.meta\.filename\b/g, JSON.stringify(path))
    .replaceAll(/\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path)));
}
