import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { clockContract } from "@holon/sim/contracts/clock.ts";
import { createClock } from "./clock.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

clockContract("platform", () => ({ port: createClock(), drive: (work) => work, dispose: () => Promise.resolve() }));

test("the wall clock is trusted only where a time service says it is set", (t) => {
  const mark = join(scratchFolder(t), "synchronized");
  assert.equal(createClock({ syncedFiles: [mark] }).wall().state, "unknown");
  writeFileSync(mark, "");
  const { ms, state } = createClock({ syncedFiles: [mark] }).wall();
  assert.equal(state, "synced");
  assert.ok(Math.abs(ms - Date.now()) < 60_000);
});

test("what a machine sleeps through counts, by how long it is on or by a wall clock that was set forwards, once", () => {
  const at = { monotonicMs: 0, onMs: 0, wallMs: 1_000_000 };
  const pass = (ms: number, { unseenMs = 0, wallMs = 0 } = {}): void => {
    at.monotonicMs += ms;
    at.onMs += ms + unseenMs;
    at.wallMs += ms + unseenMs + wallMs;
  };
  const { elapsedMs } = createClock({ readings: () => ({ ...at }) });
  pass(1_000);
  assert.equal(elapsedMs(), 1_000);
  pass(10, { unseenMs: 60_000 });
  assert.equal(elapsedMs(), 61_010, "suspended: the wall clock went on as well, and counts once");
  pass(10, { wallMs: 90_000 });
  assert.equal(elapsedMs(), 151_020, "a virtual machine that was stopped is told the time when it goes on");
  pass(10, { wallMs: -3_600_000 });
  assert.equal(elapsedMs(), 151_030, "time is not taken back");
  pass(30_000, { wallMs: 15, unseenMs: 10 });
  assert.equal(elapsedMs(), 181_030, "clocks are never quite alike");
});
