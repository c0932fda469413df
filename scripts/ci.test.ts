import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "./check/files.ts";

const runPath = join(repositoryRoot, ".ci", "run");

test("continuous integration runs what the README tells people to run, and nothing else", () => {
  const commands = readFileSync(runPath, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(commands.slice(0, 2), ["set -euo pipefail", `cd "$(dirname "\${BASH_SOURCE[0]}")/.."`]);
  const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
  assert.ok(readme.includes(commands.slice(2).join(" && ")), `README.md does not say: ${commands.slice(2).join(" && ")}`);
});

test("it can be run", { skip: process.platform === "win32" ? "Windows has no executable bit" : false }, () => {
  assert.notEqual(statSync(runPath).mode & 0o100, 0);
});
