#!/usr/bin/env node
// Meets whatever Node.js the system has: hands over to the one that the project brings where it is too old.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
const main = fileURLToPath(new URL("../src/holon.ts", import.meta.url));
const own = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
if (major > 24 || (major === 24 && minor >= 15)) await import(main);
else if (existsSync(own)) process.exitCode = spawnSync(own, [main, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
else {
  process.stderr.write("holon needs Node.js 24.15 or later: run npm ci in the project, which brings it\n");
  process.exitCode = 1;
}
