import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { parseInsideFailure, parseInsideResult } from "./answer.ts";

test("a result is one with all that it has to have, and its talk is cut", () => {
  const fitted = [{ model: "m" }];
  assert.deepEqual(parseInsideResult({ text: "{}", fitted, failed: undefined, talk: "hello", more: 1 }), { text: "{}", fitted, failed: undefined, talk: "hello" });
  assert.equal(parseInsideResult({ text: "{}", talk: "y".repeat(1e6) })?.talk.length, limits.unitTalkBytesMax + 1);
  for (const none of [undefined, null, 1, "text", [], {}, { text: "{}" }, { text: 1, talk: "" }, { text: "{}", failed: {}, talk: "" }, { talk: { length: 1 } }]) assert.equal(parseInsideResult(none), undefined, JSON.stringify(none));
});

test("a failure is told with a code of ours, and nothing else of what a function may write", () => {
  const failure = { code: "HOLON_UNIT_THREW", message: "function a/b threw", next: "Look." };
  assert.deepEqual(parseInsideFailure(JSON.stringify({ ...failure, said: "words", more: 1 })), { ...failure, said: "words" });
  assert.equal(parseInsideFailure(JSON.stringify({ ...failure, code: "OWN" }))?.code, "HOLON_UNIT_DIED");
  const bad = ["", "no json", "null", "[]", "{}", JSON.stringify({ ...failure, message: 1 }), JSON.stringify({ ...failure, next: undefined }), JSON.stringify({ ...failure, message: "x".repeat(3_000) }), JSON.stringify({ ...failure, said: 1 }), JSON.stringify({ ...failure, said: "x".repeat(30_000) })];
  for (const text of bad) assert.equal(parseInsideFailure(text), undefined, text.slice(0, 60));
});
