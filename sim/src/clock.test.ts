import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockHardware, createClock, worldBeginsMs } from "./clock.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

test("monotonic time drifts, and a timer never calls early by the node's own clock", async () => {
  for (const driftPpm of [-200, -1, 0, 33, 200]) {
    const world = new World(1);
    const clock = createClock(incarnation(world, "edge-1"), new ClockHardware(world, { driftPpm }), 123_456);
    const begins = clock.monotonicMs();
    for (const delayMs of [0, 0.1, 1, 333.3, 86_400_000]) {
      const due = clock.monotonicMs() + delayMs;
      let calledMs: number | undefined;
      clock.after(delayMs, () => (calledMs = clock.monotonicMs()));
      await world.run();
      assert.ok(calledMs !== undefined && calledMs >= due && calledMs < due + 0.001, `${calledMs} for ${due}`);
    }
    const gained = clock.monotonicMs() - begins - world.nowMs;
    assert.ok(Math.abs(gained - (world.nowMs * driftPpm) / 1e6) < 0.01);
  }
});

test("who waits for what is left of a time comes to its end, however little the clock can tell", async () => {
  // Across a power of two the clock tells half as much: what is left there may be less than it can add.
  for (const [driftPpm, crossing] of [[0, 65_536], [33, 65_536], [-71, 131_072], [99, 2 ** 29]] as const) {
    const world = new World(1);
    const clock = createClock(incarnation(world, "edge-1"), new ClockHardware(world, { driftPpm }), crossing - 5_000);
    let ended = 0;
    const begin = (): void => {
      const sinceMs = clock.monotonicMs();
      const rest = (): void => {
        const leftMs = 10_000 - (clock.monotonicMs() - sinceMs);
        if (leftMs > 0) clock.after(leftMs, rest);
        else ended += 1;
      };
      rest();
    };
    for (let number = 0; number < 2_000; number++) world.at(number * 0.777_777_7, begin);
    await world.run({ condition: () => world.events > 20_000 });
    assert.equal(ended, 2_000);
  }
});

test("wall-clock time can be stepped, reset to 1970 and synchronised", async () => {
  const world = new World(1);
  const hardware = new ClockHardware(world, { driftPpm: 100, wallOffsetMs: 5_000 });
  const clock = createClock(incarnation(world, "edge-1"), hardware, 0);
  assert.deepEqual(clock.wall(), { ms: worldBeginsMs + 5_000, state: "synced" });
  hardware.stepWall(-60_000);
  assert.equal(clock.wall().ms, worldBeginsMs - 55_000);
  await world.run({ timeMs: 1_000_000 });
  hardware.resetTo1970();
  assert.deepEqual(clock.wall(), { ms: 0, state: "unknown" });
  hardware.synchronise();
  assert.deepEqual(clock.wall(), { ms: worldBeginsMs + 1_000_000, state: "synced" });
});

test("timers die with their incarnation, and a cancelled one does not call", async () => {
  const world = new World(1);
  const life = incarnation(world, "edge-1");
  const clock = createClock(life, new ClockHardware(world), 0);
  let calls = 0;
  clock.after(10, () => (calls += 1)).cancel();
  clock.after(10, () => (calls += 1));
  life.end();
  clock.after(10, () => (calls += 1));
  await world.run();
  assert.equal(calls, 0);
});
