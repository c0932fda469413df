import assert from "node:assert/strict";
import { test } from "node:test";
import { largeInstance, smallInstance, stagedInstance } from "./by-chance.ts";
import { compileFleet } from "./fleet.ts";
import { createKnownCosts } from "./known-costs.ts";
import { costOf, monthOf, totalOf } from "./month.ts";
import { compileWork } from "./work.ts";

test("a month is what all parts of its cost come to, to the last bit, with accelerators and without", () => {
  let compared = 0;
  const instances = [...Array.from({ length: 150 }, (_, seed) => smallInstance(seed)), ...Array.from({ length: 30 }, (_, seed) => stagedInstance(seed)), largeInstance(60, 60, 1)];
  for (const { inventory, policy, nowMs, apps } of instances) {
    const fleet = compileFleet(inventory, policy, nowMs);
    for (const item of compileWork(apps, fleet).items) {
      for (const node of fleet.nodes.keys()) {
        for (const without of [false, true]) {
          assert.equal(monthOf(fleet, item, node, without), totalOf(costOf(fleet, item, node, without)), `${item.unit} on ${fleet.nodes[node]?.name}`);
          compared++;
        }
      }
    }
  }
  assert.ok(compared > 20_000, `${compared}`);
});

test("what was worked out is known again, what took its place is worked out anew, and nothing is another's", () => {
  const known = createKnownCosts(3);
  for (let key = 0; key < 200; key++) {
    assert.equal(known.get(1, key), undefined);
    known.set(1, key, key / 2);
    assert.equal(known.get(1, key), key / 2);
  }
  assert.deepEqual([known.get(0, 199), known.get(2, 199), known.get(1, 199)], [undefined, undefined, 99.5]);
  assert.equal(known.get(1, 3), undefined, "another stands in its place");
  known.set(0, 0, Number.POSITIVE_INFINITY);
  assert.equal(known.get(0, 0), Number.POSITIVE_INFINITY);
});
