import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Window } from "@holon/core/telemetry/window.ts";
import { createClock, ClockHardware } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createReadFirst } from "./read-first.ts";

const window = (startMs: number): Window => ({ startMs, endMs: startMs + 1, everyMs: 1, merged: 1, sums: {}, gauges: {}, durations: {} });

function bed(failures: number) {
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: nodeName("g"), number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const seen = { counted: [] as number[], failed: 0, begun: 0 };
  let left = failures;
  const first = createReadFirst({
    clock,
    read: () => (left-- > 0 ? Promise.reject(new Error("the disk does not answer")) : Promise.resolve()),
    count: ({ startMs }) => void seen.counted.push(startMs),
    failed: () => void seen.failed++,
  });
  return { world, first, seen, pass: (ms: number) => world.run({ timeMs: world.nowMs + ms }) };
}

test("where the log cannot be read it is tried again, and what was told meanwhile counts then, in order, as much of it as may wait", async () => {
  const { first, seen, pass } = bed(4);
  first.begin(() => void seen.begun++);
  for (let at = 0; at < limits.telemetryEarlyMax + 10; at++) first.own(window(at));
  await assert.rejects(first.ready(), "this reading failed");
  await assert.rejects(first.ready(), "whoever asks has it tried again");
  assert.deepEqual([first.isReady, first.hasBegun, seen.counted, seen.begun], [false, true, [], 0]);
  await pass(3 * limits.telemetryReadAgainMs);
  assert.deepEqual([first.isReady, seen.failed, seen.begun], [true, 3, 1]);
  assert.deepEqual(seen.counted, Array.from({ length: limits.telemetryEarlyMax }, (_, index) => index + 10));
  first.own(window(7));
  assert.equal(seen.counted.at(-1), 7);
});

test("a node that stops tries no more", async () => {
  const { first, seen, pass } = bed(100);
  first.begin(() => void seen.begun++);
  await pass(limits.telemetryReadAgainMs);
  first.close();
  const { failed } = seen;
  await pass(10 * limits.telemetryReadAgainMs);
  assert.deepEqual([seen.failed, seen.begun], [failed, 0]);
});
