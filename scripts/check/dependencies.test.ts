import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDependencies } from "./dependencies.ts";

const manifest = (path: string, dependencies: Readonly<Record<string, string>>, kind = "dependencies"): { path: string; text: string } => ({
  path,
  text: JSON.stringify({ name: "x", [kind]: dependencies }),
});
const page = (...rows: readonly string[]): { path: string; text: string } => ({
  path: "DEPENDENCIES.md",
  text: ["# Dependencies", "", "| package | where | reason |", "|---|---|---|", ...rows, ""].join("\n"),
});
const problems = (...args: Parameters<typeof checkDependencies>): readonly string[] =>
  checkDependencies(...args).map(({ path, line, message }) => `${path}:${line} ${message}`);

const zodRow = "| `zod` | `core` | parses outside input into types |";

test("both sides agree", () => {
  const manifests = [manifest("core/package.json", { zod: "1", "@holon/core": "1" }), manifest("package.json", { a: "1", b: "1" }, "optionalDependencies")];
  assert.deepEqual(problems(page(zodRow, "| `a`, `b` | `root` | runs on each platform |"), manifests), []);
});

test("a package without a line", () => {
  const manifests = [manifest("core/package.json", { zod: "1" }), manifest("cli/package.json", { zod: "1" }), manifest("package.json", { knip: "1" }, "devDependencies")];
  assert.deepEqual(problems(page(zodRow), manifests), [
    "cli/package.json:1 zod (cli) has no line in DEPENDENCIES.md",
    "package.json:1 knip (root) has no line in DEPENDENCIES.md",
  ]);
});

test("a line without a package, or without a reason", () => {
  const manifests = [manifest("core/package.json", { zod: "1" })];
  assert.deepEqual(problems(page(zodRow, "| `ws` | `platform` | speaks WebSocket |"), manifests), ["DEPENDENCIES.md:6 ws is not in the manifest of platform"]);
  assert.deepEqual(problems(page("| `zod` | `core` |  |"), manifests), ["DEPENDENCIES.md:5 zod has no reason"]);
});
