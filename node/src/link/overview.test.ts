import assert from "node:assert/strict";
import { test } from "node:test";
import { linksReportSchema, statusMethods } from "@holon/core/schema/links-report.ts";
import { movingMethods } from "@holon/core/schema/moving.ts";
import { childName, nodeName, parentName, running, SimFamily } from "../testing/sim-family.ts";

test("a node tells its links and its status to whom stands above it, and to nobody else", async () => {
  const family = new SimFamily();
  await family.start();
  const { parentNode, childNode } = family;
  assert.deepEqual(parentNode.links().children.map(({ node }) => node), [childName]);
  const answer = linksReportSchema.parse(await family.world.drive(parentNode.calls.call(childName, statusMethods.links, {}, 5_000)));
  assert.deepEqual([answer.children, answer.uplink?.state], [[], "open"]);
  await family.world.drive(assert.rejects(childNode.calls.call(parentName, statusMethods.links, {}, 5_000), { code: "HOLON_CALL_DENIED" }));
  await family.world.drive(assert.rejects(childNode.calls.call(parentName, statusMethods.node, {}, 5_000), { code: "HOLON_CALL_DENIED" }));
});

test("a parent asks its child for nothing in the name of another child, and for all in the name of its own parent", async () => {
  const family = new SimFamily();
  await family.start();
  const asks = [...Object.values(statusMethods).map((method) => ({ method, parameters: {} })), { method: movingMethods.piece, parameters: { hash: "ab".repeat(32), offset: 0 } }];
  const beside = family.machine(nodeName("gateway-2"), { parent: `wss://${parentName}:7401` });
  beside.start();
  await family.until("the other child is linked", () => beside.subject?.status().uplink?.state === "open");
  for (const { method, parameters } of asks) await family.world.drive(assert.rejects(running(beside).calls.call(childName, method, parameters, 5_000), { code: "HOLON_CALL_DENIED", message: new RegExp(`gateway-2 asks edge-1 to ask gateway-1 for ${method}`) }));
});

test("who stands above all of them asks through those between", async () => {
  const family = new SimFamily();
  const root = family.machine(nodeName("cloud"), { listen: "cloud:7401" });
  const middle = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: "wss://cloud:7401" });
  const leaf = family.machine(nodeName("gateway-3"), { parent: "wss://edge-2:7401" });
  for (const machine of [root, middle, leaf]) machine.start();
  await family.until("they are linked", () => [middle, leaf].every(({ subject }) => subject?.status().uplink?.state === "open"));
  await family.pass(5_000); // the root learns the way
  const answer = linksReportSchema.parse(await family.world.drive(running(root).calls.call(nodeName("gateway-3"), statusMethods.links, {}, 5_000)));
  assert.equal(answer.uplink?.state, "open");
});
