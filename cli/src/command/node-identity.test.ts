import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { rotateKeys } from "./node-identity.ts";

test("the keys of a node that is not there are not rotated, and nothing is made for it", async (context) => {
  const data = tempFolder(context);
  await assert.rejects(rotateKeys("nosuch", { data }), { code: "HOLON_NODE_UNKNOWN" });
  assert.deepEqual(readdirSync(data), []);
});
