import assert from "node:assert/strict";
import { test } from "node:test";
import { linksReportSchema, statusMethods } from "@holon/core/schema/links-report.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";

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
