import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expectedLoss, outlookOf, placeOn } from "./accelerators.ts";
import { fitsAccelerators, fragments, usualDemand, waysToPlace, type AcceleratorDemand, type AcceleratorRoom } from "./fragments.ts";

const demand = (count: number, milli: number, processorMilli = 1_000, models: readonly string[] = []): AcceleratorDemand => ({ processorMilli, memoryMebibytes: 1, count, milli, models });
const room = (processorMilli: number, ...milli: readonly number[]): AcceleratorRoom => ({ processorMilli, memoryMebibytes: 100, model: "t4", milli });

/** The measure by its definition: for each demand what of the free accelerators it could not use. */
function byDefinition(demands: readonly AcceleratorDemand[], where: AcceleratorRoom): number {
  const free = where.milli.reduce((sum, milli) => sum + milli, 0);
  const lost = demands.map((each) => (each.count === 0 || !fitsAccelerators({ ...where, memoryMebibytes: Infinity }, each) ? free : where.milli.filter((milli) => milli < each.milli).reduce((sum, milli) => sum + milli, 0)));
  return lost.reduce((sum, each) => sum + each, 0) / demands.length;
}

const demands = fc.array(fc.record({ processorMilli: fc.integer({ min: 0, max: 9 }), memoryMebibytes: fc.constant(1), count: fc.integer({ min: 0, max: 3 }), milli: fc.constantFrom(200, 500, 1000), models: fc.constantFrom([], ["t4"], ["a10", "t4"], ["a10"]) }), { minLength: 1, maxLength: 12 });
const rooms = fc.record({ processorMilli: fc.integer({ min: 0, max: 9 }), memoryMebibytes: fc.integer({ min: 0, max: 2 }), model: fc.constantFrom("t4", "a10"), milli: fc.array(fc.constantFrom<number>(0, 200, 300, 500, 1000), { maxLength: 4 }).map((milli) => milli.toSorted((a, b) => a - b)) });

test("fragments are, per demand, the free accelerators that it could not use", () => {
  fc.assert(fc.property(demands, rooms, (all, where) => assert.ok(Math.abs(fragments(usualDemand(all), where) - byDefinition(all, where)) < 1e-6)), { numRuns: 500 });
});

test("whatever is placed fits, takes what it asks for and leaves no accelerator below zero", () => {
  fc.assert(fc.property(demands, rooms, (all, where) => {
    const [asked] = all;
    if (asked === undefined) return;
    const ways = waysToPlace(where, asked);
    assert.equal(ways.length > 0, fitsAccelerators(where, asked));
    const placed = placeOn(outlookOf(all), where, asked);
    assert.equal(placed !== undefined, ways.length > 0);
    for (const after of ways) {
      assert.ok(after.processorMilli >= 0 && after.memoryMebibytes >= 0 && after.milli.every((milli, at) => milli >= 0 && milli >= (after.milli[at - 1] ?? 0)));
      assert.equal(where.milli.reduce((sum, milli) => sum + milli, 0) - after.milli.reduce((sum, milli) => sum + milli, 0), asked.count * asked.milli);
    }
  }), { numRuns: 500 });
});

test("a shared accelerator is filled up before a whole one is broken, and what is rare is left out of what is usual", () => {
  const usual = [...Array.from({ length: 30 }, () => demand(1, 500)), ...Array.from({ length: 10 }, () => demand(1, 1000))];
  assert.deepEqual(placeOn(outlookOf(usual), room(9_000, 500, 1000), demand(1, 500))?.room.milli, [0, 1000]);
  assert.deepEqual(usualDemand([...usual, demand(8, 1000)], { share: 0.95 }).groups.map(({ count, milli }) => [count, milli]), [[1, 500], [1, 1000]]);
});

test("an accelerator beside too little processor is a loss, so that work without one goes elsewhere", () => {
  const outlook = outlookOf([demand(1, 1000, 4_000)]);
  assert.equal(expectedLoss(outlook, room(8_000, 1000, 1000)), 0);
  assert.equal(expectedLoss(outlook, room(4_000, 1000, 1000)), 1000);
  const plain = demand(0, 0, 4_000);
  const [scarce, plenty] = [placeOn(outlook, room(8_000, 1000, 1000), plain), placeOn(outlook, room(12_000, 1000, 1000), plain)];
  assert.ok(scarce !== undefined && plenty !== undefined && plenty.score > scarce.score);
});
