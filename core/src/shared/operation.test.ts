import assert from "node:assert/strict";
import { test } from "node:test";
import { counterValue } from "./counter.ts";
import { isSlot, parseSharedKey, printSharedKey } from "./key.ts";
import { applyOperation, type SharedOperation } from "./operation.ts";
import { parseShared } from "./state.ts";

const here = { slot: "node-1/0000000000000", nowMs: undefined };
const there = { slot: "node-2/0000000000000", nowMs: undefined };
const at = { name: "shared", key: "" };
const include: SharedOperation = { op: "include", ...at, text: "1" };

test("a removal that left the sandbox before an addition was merged does not take that addition away", () => {
  const first = applyOperation(undefined, include, here);
  assert.ok(first.kind === "set");
  const seen = [...(first.elements.get("1") ?? [])];
  const second = applyOperation(first, include, there);
  const exclude: SharedOperation = { op: "exclude", ...at, text: "1", seen };
  const after = applyOperation(second, exclude, here);
  assert.ok(after.kind === "set" && after.elements.has("1"));
  const seenNow = second.kind === "set" ? [...(second.elements.get("1") ?? [])] : [];
  const gone = applyOperation(second, { ...exclude, seen: seenNow }, here);
  assert.ok(gone.kind === "set" && !gone.elements.has("1"));
});

test("a counter takes whole numbers only, up to what can be counted", () => {
  const state = applyOperation(undefined, { op: "count", ...at, amount: Number.MAX_SAFE_INTEGER }, here);
  for (const amount of [1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => applyOperation(state, { op: "count", ...at, amount }, here), { code: "HOLON_SHARED_BAD" });
  const less = applyOperation(state, { op: "count", ...at, amount: -7 }, here);
  assert.ok(less.kind === "counter" && counterValue(less) === Number.MAX_SAFE_INTEGER - 7);
});

test("an operation is for its own kind", () => {
  const counter = applyOperation(undefined, { op: "count", ...at, amount: 1 }, here);
  assert.throws(() => applyOperation(counter, include, here), { code: "HOLON_SHARED_BAD" });
});

test("keys are printed and read again, and what is no key is none", () => {
  for (const key of ["", "a", "a/b/c", "ä ö"]) {
    const shared = { app: "app", kind: "set", name: "seen", key } as const;
    assert.deepEqual(parseSharedKey(printSharedKey(shared)), shared);
  }
  for (const text of ["", "app/set/seen", "app/list/seen/", "App/set/seen/", "app/set//x", `app/set/seen/${"x".repeat(129)}`, "app/set/seen/\n"]) assert.equal(parseSharedKey(text), undefined);
  assert.equal(isSlot("node-1/0000000000000/x"), false);
});

test("an element that nobody added, and a value of more than one form, are refused", () => {
  assert.throws(() => parseShared("set", `[[["node-1/0000000000000",1]],[["1",[["node-1/0000000000000",2]]]]]`), { code: "HOLON_SHARED_BAD" });
  assert.throws(() => parseShared("set", `[[["node-1/0000000000000",1]],[["1 ",[["node-1/0000000000000",1]]]]]`), { code: "HOLON_SHARED_BAD" });
  assert.throws(() => parseShared("register", `[0,1e99,0,"node-1/0000000000000","1"]`), { code: "HOLON_SHARED_BAD" });
});
