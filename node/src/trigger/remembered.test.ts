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

test("a node that stops waits for none of them", async () => {
  const { remembered, isNew } = rememberedOf();
  await isNew("a");
  remembered.close();
  assert.equal(await isNew("a"), true);
});
