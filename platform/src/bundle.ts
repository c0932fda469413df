/** A function's module and all it imports as one file, and what the function says of itself. */
import type { BuildFailure, BuildOptions, Plugin } from "esbuild";
import { basename, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { parseDescribedFunction, type DescribedFunction } from "@holon/core/run/result.ts";
import { withBundler } from "./bundler.ts";
import { startSandbox } from "./runner/sandbox.ts";

export interface FunctionBundle {
  /** JavaScript source (ES module) in UTF-8; the same sources give the same bytes. */
  readonly code: Uint8Array;
  readonly definition: DescribedFunction;
}

/**
 * Bundles the module at an absolute path. It must bring all it needs; only the runtime `worker` has Node's own modules (`node:*`).
 * `HOLON_UNIT_BAD` names the module and the import or field at fault.
 */
export async function bundleFunction(modulePath: string, runtime?: "worker"): Promise<FunctionBundle> {
  const code = await bundle(modulePath, runtime === "worker" ? { ...forAnyRuntime, external: ["node:*"] } : forAnyRuntime);
  return { code, definition: await describe(basename(modulePath), code) };
}

/**
 * A module at an absolute path with all it imports, but for Node's own modules, as one that Node can import: for manifests.
 * `HOLON_UNIT_BAD` names module and line.
 */
export const bundleForNode = (modulePath: string): Promise<Uint8Array> => bundle(modulePath, { platform: "node" });

const forAnyRuntime: BuildOptions = { platform: "neutral", mainFields: ["module", "main"], minify: true, legalComments: "none" };

async function bundle(modulePath: string, options: BuildOptions): Promise<Uint8Array> {
  try {
    const result = await withBundler(({ build }) => build({ ...options, entryPoints: [modulePath], bundle: true, write: false, format: "esm", target: "es2024", logLevel: "silent", plugins: [ownSdk] }));
    return result.outputFiles?.[0]?.contents ?? new Uint8Array(0);
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    const where = first?.location == null ? "" : ` (${resolve(first.location.file)} line ${first.location.line})`;
    throw new HolonError("HOLON_UNIT_BAD", `module ${modulePath} cannot be bundled: ${first?.text ?? String(error)}${where}`, { cause: error });
  }
}

/** An app may lie anywhere: where its own folder has no SDK installed, it gets the one of this program. */
const ownSdk: Plugin = {
  name: "own-sdk",
  setup(builder) {
    builder.onResolve({ filter: /^@holon\/sdk(\/|$)/ }, async ({ path, resolveDir, importer, kind, pluginData }) => {
      if (pluginData === ownSdk) return undefined; // asked by ourselves below
      const theirs = await builder.resolve(path, { resolveDir, importer, kind, pluginData: ownSdk });
      return theirs.errors.length === 0 ? theirs : builder.resolve(path, { resolveDir: import.meta.dirname, kind, pluginData: ownSdk });
    });
  },
};

/** The definition is what running the module's top level gives: so it runs where functions run. */
async function describe(name: string, code: Uint8Array): Promise<DescribedFunction> {
  const setup = { name, code: new TextDecoder().decode(code), modelNames: [], fitted: [], state: new Map(), line: undefined, describeOnly: true };
  const sandbox = await startSandbox(setup, () => undefined);
  await sandbox.end(new HolonError("HOLON_UNIT_DIED", `function ${name} was only described`));
  const described = parseDescribedFunction(sandbox.described);
  if (typeof described !== "string") return described;
  throw new HolonError("HOLON_UNIT_BAD", `module ${name}: its definition does not fit at ${described}`);
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && "errors" in error && Array.isArray(error.errors);
