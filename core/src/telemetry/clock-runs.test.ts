import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { createClockRuns } from "./clock-runs.ts";

const hourMs = 3_600_000;

/** A node `g` whose clock is off by what is set, measured since the start. */
function runsOf() {
  const clock = { offMs: 0, isKept: false };
  return { clock, runs: createClockRuns(() => ({ ...clock })) };
}

test("a run keeps what was known of it, and what comes of it late is told by that", () => {
  const { clock, runs } = runsOf();
  runs.said("g", "a");
  runs.recorded("g", "a");
  runs.said("g", "b"); // before any record of it
  clock.offMs = 3 * hourMs;
  runs.recorded("g", "a2"); // of a run without a link, that nobody measured
  runs.recorded("g", "b");
  assert.deepEqual(["a", "a2", "b"].map((epoch) => runs.off("g", epoch)), [0, 0, undefined]);
  runs.said("g", "c");
  clock.offMs = 0;
  runs.recorded("g", "c");
  runs.recorded("g", "d"); // where no word was due, since nothing changed
  assert.deepEqual(["a", "b", "c", "d"].map((epoch) => runs.off("g", epoch)), [0, 3 * hourMs, 0, undefined]);
  assert.deepEqual(runs.kept(), [{ node: "g", epoch: "d", offMs: 0, others: [["b", 3 * hourMs]] }]);
});

test("what was kept is known after a start, and is not moved when the clock here is set", () => {
  const { clock, runs } = runsOf();
  runs.had({ node: "g", epoch: "c", offMs: 0, others: [["b", hourMs]] });
  runs.said("g", "c");
  clock.offMs = 2 * hourMs;
  runs.said("g", "d");
  runs.stepped(2 * hourMs);
  clock.offMs = 0;
  assert.deepEqual(["a", "b", "c", "d"].map((epoch) => runs.off("g", epoch)), [0, hourMs, 0, undefined]);
});

test("runs before the first that is known have what is known now, and those of a node that agrees with itself are not kept", () => {
  const { clock, runs } = runsOf();
  clock.offMs = hourMs;
  runs.recorded("g", "a");
  runs.said("g", "a");
  assert.equal(runs.off("g", "z"), undefined);
  for (let count = 0; count < 1_000; count++) runs.said("g", `r${count}`);
  assert.deepEqual(runs.kept(), []);
});

test("of runs that differ so many are named, and the rest has what the last of them had that is not", () => {
  const { clock, runs } = runsOf();
  runs.said("g", "a");
  for (let count = 1; count <= limits.clockRunsMax + 2; count++) {
    runs.said("g", `r${count}`);
    clock.offMs = count * hourMs;
  }
  const [kept] = runs.kept();
  assert.deepEqual([kept?.others.length, kept?.offMs], [limits.clockRunsMax, hourMs]);
});
