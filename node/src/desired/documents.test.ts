import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { desiredOf, keepDesired, parseDesired } from "./documents.ts";

const bytesOf = (version: number): Uint8Array => new TextEncoder().encode(JSON.stringify(desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "p", apps: [] })));

test("of documents that come in any order, at once or one after the other, the newest is kept", async (context) => {
  const log = await openTempLog(tempFolder(context));
  const keep = (version: number): Promise<number> => keepDesired(log, log.origin, bytesOf(version));
  // As where a sibling relays an older one while the own link brings the newest.
  assert.deepEqual(await Promise.all([3, 5, 4, 5].map(keep)), [3, 5, 5, 5]);
  assert.equal(desiredOf(log, "gateway-1")?.document.version, 5);
  await assert.rejects(keepDesired(log, log.origin, new Uint8Array(3)), { code: "HOLON_FRAME_BAD" });
  assert.deepEqual([await keep(4), await keep(6)], [5, 6]);
  await log.close();
});

test("a document far above the last is kept as far as there is room for newer ones, and none at the end of all numbers", async (context) => {
  const [log, fresh] = [await openTempLog(tempFolder(context)), await openTempLog(tempFolder(context))];
  const keep = (version: number): Promise<number> => keepDesired(log, log.origin, bytesOf(version));
  const refused = hasCode("HOLON_FRAME_BAD", /too far above the last one/);
  assert.deepEqual([await keep(3), await keep(limits.desiredFreeMax)], [3, limits.desiredFreeMax]);
  await assert.rejects(keep(limits.desiredFreeMax + limits.desiredLeapMax + 1), refused);
  assert.equal(await keep(limits.desiredFreeMax + limits.desiredLeapMax), limits.desiredFreeMax + limits.desiredLeapMax);
  await assert.rejects(keepDesired(fresh, fresh.origin, bytesOf(Number.MAX_SAFE_INTEGER)), refused);
  assert.equal(await keepDesired(fresh, fresh.origin, bytesOf(limits.desiredFreeMax + 7)), limits.desiredFreeMax + 7, "that of a name which somebody drove up before");
  await log.close();
  await fresh.close();
});

test("a document that was read once is held to its node each time, and one that cannot be read is told each time", () => {
  const bytes = bytesOf(3);
  assert.equal(parseDesired(bytes, "gateway-1"), parseDesired(bytes, "gateway-1"));
  assert.throws(() => parseDesired(bytes, "gateway-2"), { code: "HOLON_FRAME_BAD" });
  const bad = new TextEncoder().encode("{}");
  for (let time = 0; time < 2; time++) assert.throws(() => parseDesired(bad, "gateway-1"), { code: "HOLON_FRAME_BAD" });
});
