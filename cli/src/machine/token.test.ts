import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { makeToken, readToken } from "./token.ts";

test("a token is made once, whole, for this user only, also by two at the same time", async (context) => {
  const data = join(tempFolder(context), "data");
  assert.equal(await readToken(data), undefined);
  const tokens = await Promise.all([makeToken(data), makeToken(data), makeToken(data)]);
  assert.equal(new Set(tokens).size, 1);
  assert.deepEqual([await makeToken(data), await readToken(data)], [tokens[0], tokens[0]]);
  assert.deepEqual(readdirSync(data), ["api-token"], "nothing is left beside it");
  if (process.platform !== "win32") assert.equal(statSync(join(data, "api-token")).mode & 0o777, 0o600);
});

test("an empty token file counts as missing, and what cannot be written has a code", async (context) => {
  const data = tempFolder(context);
  writeFileSync(join(data, "api-token"), "\n");
  assert.equal(await readToken(data), undefined);
  const token = await makeToken(data);
  assert.ok(token.length > 40);
  assert.equal(await readToken(data), token);
  writeFileSync(join(data, "file"), "");
  await assert.rejects(makeToken(join(data, "file")), (error) => error instanceof HolonError && error.code === "HOLON_DATA_BAD");
  mkdirSync(join(data, "odd/api-token"), { recursive: true });
  await assert.rejects(makeToken(join(data, "odd")), (error) => error instanceof HolonError && error.code === "HOLON_DISK_FAILED");
});
