import assert from "node:assert/strict";
import { test } from "node:test";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createReplicaIndex } from "./replicas.ts";

const documentOf = (node: string, version: number) => ({ apiVersion: "holon/v1", kind: "Desired", node, version, plan: "plan", apps: [{ name: "till", version: "1", functions: [{ name: "count", code: "ab".repeat(32), on: { http: { method: "GET", path: "/count" } }, emits: {}, models: [] }], models: [] }] });

test("a document that cannot be read hides nobody else, is told of once, and only what has changed is read anew", async (context) => {
  const log = await openTempLog(tempFolder(context));
  const write = (node: string, document: unknown) => log.append({ cells: [{ key: `desired/${node}`, value: Buffer.from(JSON.stringify(document)) }] });
  const told: string[] = [];
  const index = createReplicaIndex(log, { note: (_level, text) => told.push(text) });
  const found = () => index.find("till", { method: "GET", path: "/count" });
  await write("gateway-1", documentOf("gateway-1", 1));
  await write("gateway-2", { kind: "Other" });
  assert.deepEqual(found().map(({ node }) => node), ["gateway-1"]);
  const [first] = found();
  await write("gateway-3", documentOf("gateway-3", 4));
  index.changed();
  assert.deepEqual(found().map(({ node, version }) => [node, version]), [["gateway-1", 1], ["gateway-3", 4]]);
  assert.equal(found()[0], first, "it was not read again");
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /gateway-2/);
  await write("gateway-2", documentOf("gateway-2", 2));
  index.changed();
  assert.equal(found().length, 3);
  await log.close();
});
