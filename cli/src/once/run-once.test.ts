import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { unmark } from "./run-once.ts";

test("a folder that holds the data of fresh runs is no mark of one", async (context) => {
  const data = tempFolder(context);
  mkdirSync(join(data, "once"));
  writeFileSync(join(data, "made-by-once"), "");
  await unmark(data);
  assert.deepEqual([existsSync(join(data, "once")), existsSync(join(data, "made-by-once"))], [true, false]);
});

test("a mark of before counts until it is taken away", async (context) => {
  const data = tempFolder(context);
  writeFileSync(join(data, "once"), "");
  await unmark(data);
  assert.equal(existsSync(join(data, "once")), false);
});
