import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { HeldAnswer } from "@holon/core/schema/node-report.ts";
import { isNodeName } from "@holon/core/units.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { createRecall } from "./recall.ts";

const unit = "pump/sum";

/** Control remembers version 3 of both of its nodes; by these documents `a` has the unit. */
function bed(answers: Readonly<Record<string, HeldAnswer | undefined>>, granted: readonly string[] = [], nodes: readonly string[] = ["cloud", "a", "b"]) {
  const world = new World(1);
  const name = "cloud";
  assert.ok(isNodeName(name));
  const clock = createClock(new Incarnation(world, { name, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const asked: string[] = [];
  const recall = createRecall({
    self: "cloud", clock, nodes, isAwaited: () => true,
    hearing: { isGranted: (node) => granted.includes(node), stateOf: () => "present" },
    remembered: (node) => ({ version: 3, document: "known", stops: node === "a" }),
    ask(node) {
      asked.push(node);
      const answer = answers[node];
      return answer === undefined ? Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", `${node} is of before`)) : Promise.resolve(answer);
    },
  });
  const claims = () => recall.claims(new Map([["a", new Set([unit])]]), []);
  return { world, recall, asked, claims, ask: (node: string, held: number) => world.drive(recall.asked(node, held, () => Promise.resolve())) };
}

const holds = (version: number, more: Partial<HeldAnswer> = {}): HeldAnswer => ({ version, document: "other", leased: true, units: [{ unit, stops: true, departed: false }], moving: [], ...more });

test("until all were heard, who says that its lease is over is given none, and who has one goes on", async () => {
  for (const leased of [true, false]) {
    const { ask, recall, world } = bed({ a: holds(3, { document: "known", leased }) });
    assert.equal(await ask("a", 3), leased);
    assert.deepEqual([recall.mayPlace(true), await ask("b", 3), recall.mayPlace(true)], [false, true, false], "one of them may yet say that there was more");
    await world.run({ timeMs: world.nowMs + limits.recallSettleMs });
    assert.deepEqual([recall.mayPlace(true), await ask("a", 3)], [true, true]);
  }
});

test("after a lease nobody is waited for", async () => {
  const { world, recall } = bed({});
  await world.run({ timeMs: limits.nodeLeaseMs });
  assert.equal(recall.mayPlace(true), false);
  await world.run({ timeMs: 1.02 * limits.nodeLeaseMs });
  assert.equal(recall.mayPlace(true), true);
});

test("where somebody tells of what control does not remember, whoever is not known may come until a lease has passed", async () => {
  for (const doubted of ["at once", "when all were heard", "by a document"]) {
    const { world, ask, recall } = bed({ b: holds(7) });
    if (doubted === "at once") recall.doubt();
    await ask("a", 3);
    await ask("b", doubted === "by a document" ? 7 : 3);
    await world.run({ timeMs: world.nowMs + limits.recallSettleMs });
    if (doubted === "when all were heard") {
      assert.deepEqual([recall.mayPlace(false), recall.mayDoubt()], [true, true]);
      recall.doubt();
    }
    assert.deepEqual([recall.mayPlace(true), recall.mayPlace(false), recall.mayDoubt()], [false, false, false], doubted);
    await world.run({ timeMs: 1.02 * limits.nodeLeaseMs });
    assert.deepEqual([recall.mayPlace(true), recall.mayPlace(false)], [true, true], doubted);
  }
});

test("a fleet that had no node yet has nobody to wait for", () => {
  assert.equal(bed({}, [], ["cloud"]).recall.mayPlace(true), true);
});

test("of a document that control does not remember what it says of units counts, unless who has them by its memory has a lease", async () => {
  for (const granted of [[], ["a"]]) {
    const { ask, claims } = bed({ b: holds(7) }, granted);
    await ask("b", 7);
    const claim = claims().get("b");
    assert.deepEqual([[...(claim?.units ?? [])], claim?.isContested], granted.length === 0 ? [[unit], false] : [[], true]);
  }
});

test("what departed there is its old node's only where nobody has it", async () => {
  const { ask, claims } = bed({ b: holds(7, { units: [{ unit, stops: false, departed: true }, { unit: "pump/other", stops: false, departed: true }] }) });
  await ask("b", 7);
  assert.deepEqual([...(claims().get("b")?.units ?? [])], ["pump/other"]);
});

test("a node that cannot be asked is taken for what its number says; a number that would use up all others is none", async () => {
  const { ask, claims, asked } = bed({});
  assert.equal(await ask("b", 7), true);
  assert.deepEqual([asked.includes("b"), claims().size], [true, 0]);
  await assert.rejects(ask("a", 4 + limits.desiredLeapMax), { code: "HOLON_CALL_DENIED" });
});
