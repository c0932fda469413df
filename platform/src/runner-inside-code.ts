/** The one script that every isolate is born with: `runner-inside.ts` and what it imports. Bundled once, kept in the cache of modules where there is one. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";

const entry = fileURLToPath(new URL("./runner-inside.ts", import.meta.url));
/** All that the bundle is made of: `runner-inside-code.test.ts` holds this list against the bundler's own. */
export const insideSources: readonly string[] = [
  "@holon/core/elastic/bounds.ts",
  "@holon/core/errors.ts",
  "@holon/core/image/bounds.ts",
  "@holon/core/json.ts",
  "@holon/core/limits.ts",
  "@holon/core/model/tensor.ts",
  "@holon/core/run/crossing.ts",
  "@holon/core/run/definition.ts",
  "@holon/core/run/host.ts",
  "@holon/core/run/inside.ts",
  "@holon/core/run/parse-definition.ts",
  "@holon/core/run/shared-table.ts",
  "@holon/core/run/state-table.ts",
  "@holon/core/run/failure-words.ts",
  "@holon/core/run/misfit.ts",
  "@holon/core/run/utf8.ts",
  "./runner-inside-wasm-rehearsal.ts",
  "./runner-inside-wasm.ts",
  "./runner-inside.ts",
].map((specifier) => fileURLToPath(import.meta.resolve(specifier)));

let code: Promise<string> | undefined;

export function insideCode(): Promise<string> {
  code ??= find();
  code.catch(() => (code = undefined));
  return code;
}

async function find(): Promise<string> {
  const folder = process.env["NODE_COMPILE_CACHE"];
  if (folder === undefined) return bundleInside();
  const hash = createHash("sha256");
  for (const file of insideSources) hash.update(readFileSync(file));
  const path = join(folder, `inside-${hash.digest("hex").slice(0, 32)}.js`);
  try {
    return readFileSync(path, "utf8");
  } catch {
    const made = await bundleInside(); // not there yet
    writeFileSync(`${path}.new`, made);
    renameSync(`${path}.new`, path);
    return made;
  }
}

async function bundleInside(): Promise<string> {
  return (await buildInside()).text;
}

export async function buildInside(): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const { build } = await import("esbuild"); // a node that has it in its cache does not load the bundler
  const result = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife", platform: "neutral", target: "es2024", minify: true, legalComments: "none", logLevel: "silent", metafile: true, absWorkingDir: "/" });
  const [file] = result.outputFiles;
  if (file === undefined) throw new HolonError("HOLON_INTERNAL", "the inside of an isolate could not be bundled");
  return { text: file.text, inputs: Object.keys(result.metafile.inputs).map((path) => `/${path}`) };
}
