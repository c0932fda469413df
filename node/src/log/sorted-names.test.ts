import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SortedNames } from "./sorted-names.ts";

const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "é", "\uffff"), maxLength: 5 });

test("what begins alike is found as a look at all names finds it, whatever was added and removed", () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(fc.record({ name, isAdded: fc.boolean() })), name, (first, changes, prefix) => {
      const names = new Set(first);
      const sorted = new SortedNames(names);
      for (const change of changes) {
        if (change.isAdded) sorted.add(change.name);
        else sorted.remove(change.name);
        if (change.isAdded) names.add(change.name);
        else names.delete(change.name);
      }
      assert.deepEqual([...sorted.beginning(prefix)], [...names].filter((one) => one.startsWith(prefix)).sort());
    }),
  );
});
