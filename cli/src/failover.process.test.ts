/** Two edges, each a process of its own, answer the same request. The one that was asked is killed in the midst, and the other goes on answering within the deadline that the function declares. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { statusMethods } from "@holon/core/schema/links-report.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode } from "./machine/compose.ts";
import { enrollHere } from "./machine/three.ts";
import { startHolon, type HolonProcess } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const timeoutMs = 30_000;
const source = `export default {
  kind: "holon.function",
  on: { http: { method: "GET", path: "/who", class: "derived" } },
  emits: { "holon.response": { stream: "local", class: "raw" } },
  models: [],
  run(event, context) {
    context.emit("holon.response", { data: { request: event.data.request, body: { by: event.source.split("/")[1] } } });
  },
};
`;
const answerSchema = z.strictObject({ by: z.string() });
const token = "t".repeat(43);

test("an edge that answers requests is killed, and another answers within the deadline", { ...onItsTurn(1, 2), timeout: 220_000 }, async (context) => {
  const data = tempFolder(context);
  const cloud = await startNode({ config: nodeConfigSchema.parse({ name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, listen: "127.0.0.1:0" }), data, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
  context.after(() => cloud.close());
  const { control } = cloud;
  assert.ok(control !== undefined);
  const edges = new Map<NodeName, HolonProcess>();
  for (const name of ["edge-1", "edge-2"]) {
    assert.ok(isNodeName(name));
    await enrollHere(join(data, name), { name, site: name, tier: "edge" }, control);
    const file = join(data, `${name}.yaml`);
    writeFileSync(file, JSON.stringify({ name, site: name, tier: "edge", jurisdiction: "EU/DE", parent: cloud.node.address }));
    edges.set(name, startHolon(context, ["node", "start", file, "--data", data, "--listen-api", "127.0.0.1:0"]));
  }
  const code = await control.blobs.put(new TextEncoder().encode(source));
  const on = { http: { method: "GET", path: "/who", class: "derived" } };
  await control.deploy(appDocumentSchema.parse({ name: "near", version: "1", functions: [{ name: "who", code, on, emits: { "holon.response": { stream: "local", class: "raw" } }, models: [], run: { tier: "edge" }, timeoutMs }], models: [], egress: [{ class: "derived", to: "*" }] }));
  const runs = async (name: NodeName): Promise<boolean> => JSON.stringify(await cloud.node.askNode(name, statusMethods.node, undefined, 5_000).catch(() => null)).includes(`"name":"who","app":"near","state":"running"`);
  const ready = new Set<NodeName>();
  let isOver = false;
  context.after(() => (isOver = true));
  const look = async (name: NodeName): Promise<void> => {
    while (!isOver && !(await runs(name))) await new Promise((resolve) => setTimeout(resolve, 200));
    ready.add(name);
  };
  for (const name of edges.keys()) void look(name);
  await until("both run it", () => ready.size === edges.size, 120_000);

  const ask = async (): Promise<string> => {
    const response = await fetch(`${cloud.api}/v1/apps/near/http/who`, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return answerSchema.parse(JSON.parse(text)).by;
  };
  const before = await ask();
  assert.ok(isNodeName(before));
  const asked = edges.get(before);
  assert.ok(asked !== undefined, `${before} answered`);
  // Some are on their way to it, or in it, when it is killed; the others come after.
  const during = Array.from({ length: 5 }, ask);
  asked.signal("SIGKILL");
  const answers = await Promise.all(during);
  for (let times = 0; times < 10; times++) answers.push(await ask());
  assert.ok(answers.every((by) => edges.has(isNodeName(by) ? by : before)), answers.join());
  const other = [...edges.keys()].find((name) => name !== before);
  assert.deepEqual(new Set(answers.slice(-10)), new Set([other]), "who is dead answers nothing");
});
