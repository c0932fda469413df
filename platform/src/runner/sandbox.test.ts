import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { build } from "esbuild";
import { inside, readablePaths } from "./sandbox.ts";

test("a worker may read every file that it loads: a new import of one of them does not keep functions from starting", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const { metafile } = await build({ absWorkingDir: root, entryPoints: [fileURLToPath(new URL("./worker.ts", import.meta.url)), fileURLToPath(inside)], bundle: true, write: false, metafile: true, outdir: "out", platform: "node", format: "esm", packages: "bundle", external: ["zod", "zod/*"], logLevel: "silent" });
  const real = (path: string): string => realpathSync(path);
  const known = new Set(readablePaths.map(real));
  const loaded = Object.keys(metafile.inputs).map((path) => real(join(root, path)));
  assert.ok(loaded.length > 5);
  assert.deepEqual(loaded.filter((path) => !known.has(path)), []);
});
