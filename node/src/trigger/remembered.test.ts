import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createRemembered } from "./remembered.ts";
import type { FunctionAnswer } from "./requests.ts";

function rememberedOf() {
  const world = new World(1);
  const remembered = createRemembered(createClock(new Incarnation(world, { name: nodeName("edge-1"), number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0));
  let found = 0;
  /** Whether it had to be found. */
  const isNew = async (id: string, answer: () => Promise<FunctionAnswer> = () => Promise.resolve({ status: 200, body: null })): Promise<boolean> => {
    const before = found;
    await world.drive(remembered.answer(id, () => ((found += 1), answer()), () => true)).catch(() => undefined);
    return found > before;
  };
  return { world, remembered, isNew };
}

test("what is asked twice is answered once, for as long as anybody can ask again", async () => {
  const { world, isNew } = rememberedOf();
  assert.deepEqual([await isNew("a"), await isNew("a")], [true, false]);
  await world.run({ timeMs: world.nowMs + limits.callDeadlineMsMax + 1 });
  assert.equal(await isNew("a"), true);
  assert.deepEqual([await isNew("b", () => Promise.reject(new HolonError("HOLON_CALL_BUSY", "full"))), await isNew("b")], [true, true], "what was not taken in is asked again");
});

test("the oldest answers go where they are too many or too large together", async () => {
  const { isNew } = rememberedOf();
  const body = "x".repeat(limits.requestsRememberedBytesMax / 4);
  for (const id of ["a", "b", "c", "d"]) await isNew(id, () => Promise.resolve({ status: 200, body }));
  assert.deepEqual([await isNew("d"), await isNew("a")], [false, true]);
  for (let number = 0; number < limits.requestsRememberedMax; number++) await isNew(`small ${number}`);
  assert.deepEqual([await isNew("small 1"), await isNew("d")], [false, true]);
});

test("what is being answered is not forgotten for what came later; where all of it is, more is refused", async () => {
  const { world, remembered, isNew } = rememberedOf();
  const open = Promise.withResolvers<FunctionAnswer>();
  const first = remembered.answer("open", () => open.promise, () => true);
  for (let number = 0; number < limits.requestsRememberedMax; number++) await isNew(`small ${number}`);
  for (const id of ["a", "b", "c", "d"]) await isNew(id, () => Promise.resolve({ status: 200, body: "x".repeat(limits.requestsRememberedBytesMax / 3) }));
  assert.equal(remembered.answer("open", () => assert.fail("it is being answered"), () => true), first);
  for (let number = 0; number < limits.requestsRememberedMax - 1; number++) remembered.answer(`waits ${number}`, () => open.promise, () => true).catch(() => undefined);
  await assert.rejects(world.drive(remembered.answer("one more", () => assert.fail("it is not taken in"), () => true)), (error) => error instanceof HolonError && error.code === "HOLON_CALL_BUSY");
  open.resolve({ status: 200, body: null });
  await world.drive(first);
  assert.equal(await isNew("one more"), true);
});

test("a node that stops waits for none of them", async () => {
  const { remembered, isNew } = rememberedOf();
  await isNew("a");
  remembered.close();
  assert.equal(await isNew("a"), true);
});
