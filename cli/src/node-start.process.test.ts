import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

async function startAndStop(context: TestContext, data: string): Promise<void> {
  const file = join(data, "gateway.yaml");
  writeFileSync(file, "{ name: gateway-1, site: plant, tier: gateway, jurisdiction: EU }");
  const holon = startHolon(context, ["node", "start", file, "--data", data, "--listen-api", "127.0.0.1:0"]);
  await until("the node runs", () => holon.stdout().includes("gateway-1 runs; local API") || !holon.isRunning());
  holon.signal("SIGUSR1"); // which lets a debugger in, and Node.js says so on stderr
  holon.signal("SIGTERM");
  const { exitCode, signal, stderr } = await holon.ended;
  assert.deepEqual({ exitCode, signal }, { exitCode: 0, signal: null }, stderr);
  assert.equal(stderr, "");
}

test("a node that is told to end while it starts ends", { skip: process.execve === undefined && "this system cannot start a program anew in place" }, async (context) => {
  const data = tempFolder(context);
  const file = join(data, "gateway.yaml");
  writeFileSync(file, "{ name: gateway-1, site: plant, tier: gateway, jurisdiction: EU }");
  const holon = startHolon(context, ["node", "start", file, "--data", data, "--listen-api", "127.0.0.1:0"]);
  const cache = join(data, "gateway-1", "cache");
  await until("it fills its cache", () => (existsSync(cache) && readdirSync(cache, { recursive: true }).length > 2) || !holon.isRunning());
  holon.signal("SIGTERM");
  const { exitCode, signal, stdout } = await holon.ended;
  assert.ok(exitCode === 0 || signal === "SIGTERM", `${exitCode} ${signal}`);
  assert.equal(stdout, "");
});

test("a node started by its file fills its cache of modules, runs from it, and ends when its process is told to", { skip: process.execve === undefined && "this system cannot start a program anew in place" }, async (context) => {
  const data = tempFolder(context);
  await startAndStop(context, data);
  const cache = join(data, "gateway-1", "cache");
  const files = (): readonly string[] => readdirSync(cache, { recursive: true, encoding: "utf8" }).sort();
  const first = files();
  assert.ok(first.length > 100, `${first.length} files`);
  await startAndStop(context, data);
  assert.deepEqual(files(), first, "the second start found everything");
});
