import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { SharedTable } from "./shared-table.ts";

function table(): SharedTable {
  const made = new SharedTable("app/function");
  made.take({ declared: [["mode", "register"], ["made", "counter"], ["open", "set"]], changed: [["mode", "", `"day"`], ["made", "a", 5], ["open", "", [["1", [["node-1/0000000000000", 3]]]]]] });
  return made;
}

test("a function sees what the node had merged, and its own changes at once", () => {
  const shared = table();
  assert.equal(shared.register("mode").get(), "day");
  shared.register("mode").set({ b: 1, a: [2] });
  assert.deepEqual(shared.register("mode").get(), { a: [2], b: 1 });
  assert.equal(shared.register("mode", "other").get(), undefined);
  shared.counter("made", "a").add(2);
  shared.counter("made", "a").add(-4);
  assert.deepEqual([shared.counter("made", "a").value(), shared.counter("made").value()], [3, 0]);
  const open = shared.set("open");
  open.add("x");
  open.remove(1);
  assert.deepEqual([open.values(), open.has(1), open.has("x")], [["x"], false, true]);
  assert.deepEqual(shared.takeOperations(), [
    { op: "write", name: "mode", key: "", text: `{"a":[2],"b":1}` },
    { op: "count", name: "made", key: "a", amount: -2 },
    { op: "include", name: "open", key: "", text: `"x"` },
    { op: "exclude", name: "open", key: "", text: "1", seen: [["node-1/0000000000000", 3]] },
  ]);
  assert.deepEqual(shared.takeOperations(), []);
});

test("of what is done to one element in a batch, the last counts", () => {
  const open = table().set("open");
  open.add(2);
  open.remove(2);
  assert.deepEqual(open.values(), [1]);
  const shared = table();
  shared.set("open").remove(1);
  shared.set("open").add(1);
  assert.deepEqual(shared.takeOperations(), [{ op: "include", name: "open", key: "", text: "1" }]);
});

test("what the node tells later takes the place of what was there", () => {
  const shared = table();
  shared.take({ changed: [["made", "a", 9], ["open", "", []]] });
  assert.deepEqual([shared.counter("made", "a").value(), shared.set("open").values()], [9, []]);
});

test("values are copies", () => {
  const shared = table();
  const value = { list: [1] };
  shared.register("mode").set(value);
  value.list.push(2);
  assert.deepEqual(shared.register("mode").get(), { list: [1] });
});

test("what is not declared, no JSON or too large is refused with a code", () => {
  const shared = table();
  for (const bad of [() => shared.counter("mode"), () => shared.set("none"), () => shared.counter("made").add(0.5), () => shared.register("mode").set(undefined), () => shared.set("open", "x".repeat(200))]) {
    assert.throws(bad, { code: "HOLON_SHARED_BAD" });
  }
  assert.throws(() => shared.register("mode").set("x".repeat(limits.sharedValueBytesMax)), { code: "HOLON_SHARED_FULL" });
  assert.throws(() => {
    for (let count = 0; count <= limits.sharedOperationsMax; count++) shared.counter("made").add(1);
  }, { code: "HOLON_SHARED_FULL" });
});
