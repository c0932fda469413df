/** A function's module and all it imports as one file, and what the function says of itself. */
import { build, type BuildFailure } from "esbuild";
import { basename } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { parseDescribedFunction, type DescribedFunction } from "@holon/core/run/result.ts";
import { startSandbox } from "./runner-sandbox.ts";

export interface FunctionBundle {
  /** JavaScript source (ES module) in UTF-8; the same sources give the same bytes. */
  readonly code: Uint8Array;
  readonly definition: DescribedFunction;
}

/**
 * Bundles the module at an absolute path. It must bring all it needs: what only one runtime has (`node:*`) is not found.
 * `HOLON_UNIT_BAD` names the module and the import or field at fault.
 */
export async function bundleFunction(modulePath: string): Promise<FunctionBundle> {
  const code = await bundle(modulePath);
  return { code, definition: await describe(basename(modulePath), code) };
}

async function bundle(modulePath: string): Promise<Uint8Array> {
  try {
    const result = await build({
      entryPoints: [modulePath],
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      minify: true,
      legalComments: "none",
      logLevel: "silent",
    });
    return result.outputFiles[0]?.contents ?? new Uint8Array(0);
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    const where = first?.location == null ? "" : ` (${first.location.file}:${first.location.line})`;
    throw new HolonError("HOLON_UNIT_BAD", `module ${modulePath} cannot be bundled: ${first?.text ?? String(error)}${where}`, { cause: error });
  }
}

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
