import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { startThree, type Three } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const names = ["cloud-1", "edge-1", "gateway-1"] as const;

test("a data folder from before there were certificates is enrolled by itself, once, and loses its tokens", { timeout: 60_000 }, async (context) => {
  const data = tempFolder(context);
  for (const name of names) {
    mkdirSync(join(data, name, "siblings"), { recursive: true });
    for (const file of ["trust.json", "join.json", "siblings/other-1.json"]) writeFileSync(join(data, name, file), '{"token":"of before"}');
  }
  const start = (): Promise<Three> => startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  const linked = async (three: Three): Promise<readonly string[]> => {
    try {
      await until("both links are open", () => [three.edge, three.gateway].every(({ node }) => node.status().uplink?.state === "open"));
      return names.map((name) => readFileSync(join(data, name, "identity/identity.json"), "utf8"));
    } finally {
      await three.close();
    }
  };
  const first = await linked(await start());
  for (const name of names) for (const file of ["trust.json", "join.json", "siblings"]) assert.ok(!existsSync(join(data, name, file)), `${name}/${file}`);
  assert.deepEqual(await linked(await start()), first, "the certificates are the same at the next start");
});
