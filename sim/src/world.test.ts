import assert from "node:assert/strict";
import { setTimeout as sleepForReal } from "node:timers/promises";
import { test } from "node:test";
import { World } from "./world.ts";

test("events run by time, then by order of scheduling", async () => {
  const world = new World(1);
  const order: string[] = [];
  world.after(20, () => order.push("c"));
  world.after(10, () => order.push("a"));
  world.after(10, () => order.push("b"));
  const cancelled = world.after(15, () => order.push("never"));
  world.cancel(cancelled);
  assert.equal(await world.run(), "idle");
  assert.deepEqual(order, ["a", "b", "c"]);
  assert.equal(world.nowMs, 20);
});

test("a random load of pushes and cancels comes out in order", async () => {
  const world = new World(2);
  const times: number[] = [];
  let expected = 0;
  const entries = Array.from({ length: 5000 }, () => world.after(Math.floor(world.random.uniform() * 1000), () => times.push(world.nowMs)));
  for (const entry of entries) {
    if (world.random.chance(0.7)) world.cancel(entry);
    else expected += 1;
  }
  await world.run();
  assert.equal(times.length, expected);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});

test("promise chains come to rest before the next event", async () => {
  const world = new World(1);
  const order: string[] = [];
  world.after(1, () => {
    void (async () => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      order.push("chain");
    })();
  });
  world.after(1, () => order.push("next"));
  await world.run();
  assert.deepEqual(order, ["chain", "next"]);
});

test("a run stops at its time or its condition", async () => {
  const world = new World(1);
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
    world.after(10, tick);
  };
  tick();
  assert.equal(await world.run({ timeMs: 95 }), "time");
  assert.deepEqual([ticks, world.nowMs], [10, 95]);
  assert.equal(await world.run({ condition: () => ticks === 20 }), "condition");
  assert.equal(ticks, 20);
});

test("virtual time stands still while real work is awaited", async () => {
  const world = new World(1);
  const order: string[] = [];
  world.after(1, () => {
    void world.outside(sleepForReal(5, "loaded")).then((text) => order.push(`${text} at ${world.nowMs}`));
    void world.outside(Promise.resolve()).then(() => order.push("at once"));
  });
  world.after(2, () => order.push("next"));
  await world.run();
  assert.deepEqual(order, ["at once", "loaded at 1", "next"]);
});

test("what a callback throws ends the run", async () => {
  const world = new World(1);
  world.after(1, () => {
    throw new Error("defect");
  });
  await assert.rejects(world.run(), /defect/);
});

test("work that never ends is told, not waited for", async () => {
  await assert.rejects(new World(1).drive(new Promise(() => {})), { code: "HOLON_INTERNAL", message: /did not end/ });
});

test("the trace hash is the same for the same happenings only", () => {
  const hash = (size: number): string => {
    const world = new World(1);
    for (let index = 0; index < 5000; index++) world.note(1, "frameArrived", index);
    world.note(1, "frameArrived", size);
    return world.trace.digest();
  };
  assert.equal(hash(1), hash(1));
  assert.notEqual(hash(1), hash(2));
});
