/** Real nodes: a request that comes in at the cloud is answered on the node below that runs the function, once, or not at all within its deadline. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { readToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { runHolon, startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

test("a request at the cloud is answered by a gateway below, each once; while it is cut off the asker hears so within the deadline", onItsTurn(1, 2), async (context) => {
  const data = tempFolder(context);
  const base = await freePortBase();
  const up = startHolon(context, ["up", "--data", data, "--port-base", `${base}`]);
  const api = ["--api", `http://127.0.0.1:${base}`, "--data", data];
  const holon = (...words: readonly string[]) => runHolon(context, [...words, ...api]);
  const ask = async (path: string): Promise<{ readonly status: number; readonly text: string; readonly tookMs: number }> => {
    const startedMs = performance.now();
    const response = await fetch(`http://127.0.0.1:${base}/v1/apps/asked/http${path}`, { headers: { authorization: `Bearer ${(await readToken(data)) ?? ""}` } });
    return { status: response.status, text: await response.text(), tookMs: performance.now() - startedMs };
  };
  await until("control answers", async () => {
    assert.ok(up.isRunning(), up.stderr());
    return (await holon("node", "list", "--json")).stdout.includes("gateway-1");
  });
  const folder = join(data, "asked");
  mkdirSync(folder);
  writeFileSync(join(folder, "count.ts"), 'import { defineFunction } from "@holon/sdk";\nexport default defineFunction({ on: { http: { method: "GET", path: "/count", class: "derived" } }, run(request, context) {\n  const count = Number(context.state.get("count") ?? 0) + 1;\n  context.state.set("count", count);\n  return { count };\n} });\n');
  writeFileSync(join(folder, "holon.app.json"), JSON.stringify({ name: "asked", functions: [{ name: "count", module: "count.ts", timeoutMs: 4_000 }], egress: [{ class: "derived", to: "*" }] }));
  const deployed = await holon("app", "deploy", folder);
  assert.equal(deployed.exitCode, 0, deployed.stderr);
  await until("the gateway answers", async () => (await ask("/count")).status === 200);
  const count = async (): Promise<number> => Number(/"count":(\d+)/.exec((await ask("/count")).text)?.[1]);
  const first = await count();
  assert.deepEqual([await count(), await count()], [first + 1, first + 2]);

  assert.equal((await holon("link", "cut", "gateway-1")).exitCode, 0);
  await until("the gateway is cut off", async () => (await ask("/count")).status !== 200);
  const lost = await ask("/count");
  assert.ok(lost.status >= 400 && lost.tookMs < 8_000, `${lost.status} after ${lost.tookMs} ms: ${lost.text}`);
  assert.equal((await holon("link", "heal", "gateway-1")).exitCode, 0);
  await until("the gateway answers again", async () => (await ask("/count")).status === 200);

  assertRefused(await holon("plan", "explain", "asked/nothing", "--node", "edge-1"), "HOLON_UNIT_UNKNOWN", /app asked has no function or model nothing; it has count/);
  assertRefused(await holon("plan", "explain", "asked/count", "--node", "edge-9"), "HOLON_NODE_UNKNOWN", /no node edge-9 was ever heard/);
  up.signal("SIGINT");
  assert.equal((await up.ended).exitCode, 0);
});
