/** The one script that every isolate is born with: `inside.ts` and what it imports. Bundled once, kept in the cache of modules where there is one. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { withBundler } from "../bundler.ts";

const entry = fileURLToPath(new URL("./inside.ts", import.meta.url));
/** All that the bundle is made of: `inside-code.test.ts` holds this list against the bundler's own. */
export const insideSources: readonly string[] = [
  "@holon/core/depth.ts",
  "@holon/core/elastic/bounds.ts",
  "@holon/core/errors.ts",
  "@holon/core/event/iso-time.ts",
  "@holon/core/image/bounds.ts",
  "@holon/core/json.ts",
  "@holon/core/limits.ts",
  "@holon/core/model/tensor.ts",
  "@holon/core/run/crossing.ts",
  "@holon/core/run/foreign.ts",
  "@holon/core/run/definition.ts",
  "@holon/core/run/host.ts",
  "@holon/core/run/inside.ts",
  "@holon/core/run/parse-definition.ts",
  "@holon/core/run/shared-table.ts",
  "@holon/core/run/state-table.ts",
  "@holon/core/run/failure-words.ts",
  "@holon/core/run/misfit.ts",
  "@holon/core/run/utf8.ts",
  "./inside-wasm-rehearsal.ts",
  "./inside-wasm.ts",
  "./inside.ts",
].map((specifier) => fileURLToPath(import.meta.resolve(specifier)));

let code: Promise<string> | undefined;

export function insideCode(): Promise<string> {
  code ??= find();
  code.catch(() => (code = undefined));
  return code;
}

/** Where the cache of modules holds it; undefined where there is none. */
function cachePath(): string | undefined {
  const folder = process.env["NODE_COMPILE_CACHE"];
  if (folder === undefined) return undefined;
  const hash = createHash("sha256");
  for (const file of insideSources) hash.update(readFileSync(file));
  return join(folder, `inside-${hash.digest("hex").slice(0, 32)}.js`);
}

interface AlteredInside {
  readonly name: string;
  readonly expected: string;
  readonly found: string;
}
/** Once found it is told while this process lives: some isolate may have begun with it. */
let altered: AlteredInside | undefined;
/** Known to be what the sources give. */
let wellKnown: string | undefined;

/** What of the cache is not what the sources give; undefined where it is. It is taken away, and no isolate begins with it from then on. */
export async function measureInside(): Promise<AlteredInside | undefined> {
  const path = cachePath();
  if (path === undefined || altered !== undefined) return altered;
  let held: string;
  try {
    held = readFileSync(path, "utf8");
  } catch {
    return undefined; // not there: nothing is begun from it
  }
  if (held === wellKnown) return undefined;
  const made = await bundleInside();
  if (held === made) {
    wellKnown = made;
    return undefined;
  }
  rmSync(path, { force: true });
  code = Promise.resolve(made);
  const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
  return (altered = { name: basename(path), expected: hashOf(made), found: hashOf(held) });
}

async function find(): Promise<string> {
  const path = cachePath();
  if (path === undefined) return bundleInside();
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
  const result = await withBundler(({ build }) =>
    build({ entryPoints: [entry], bundle: true, write: false, format: "iife", platform: "neutral", target: "es2024", minify: true, legalComments: "none", logLevel: "silent", metafile: true, absWorkingDir: "/" }),
  );
  const [file] = result.outputFiles;
  if (file === undefined) throw new HolonError("HOLON_INTERNAL", "the inside of an isolate could not be bundled");
  return { text: file.text, inputs: Object.keys(result.metafile.inputs).map((path) => `/${path}`) };
}
