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

test("where a machine tells in whole seconds how long it is on, time goes no faster, and a sleep counts, by a second too much at the most", () => {
  for (const phaseMs of [0, 1, 499, 500, 501, 999]) {
    for (const lookMs of [10, 333, 700, 1_000, 1_900]) {
      let [nowMs, sleptMs, backMs] = [phaseMs, 0, 0];
      const { elapsedMs } = createClock({ readings: () => ({ monotonicMs: nowMs, onMs: Math.floor((nowMs + sleptMs) / 1_000) * 1_000, wallMs: 1_000_000 + nowMs + sleptMs - backMs }) });
      const begunMs = elapsedMs();
      const look = (): number => {
        nowMs += lookMs;
        return elapsedMs() - begunMs;
      };
      while (nowMs < 20_000) assert.equal(look(), nowMs - phaseMs, `looked at every ${lookMs} ms from ${phaseMs}`);
      sleptMs += 60_000;
      backMs += 60_000; // and somebody set the clock meanwhile
      const moreMs = look() - (nowMs - phaseMs);
      assert.ok(moreMs >= 60_000 && moreMs <= 62_000, `${moreMs} of a minute`);
      while (nowMs < 40_000) assert.equal(look(), nowMs - phaseMs + moreMs, "and once");
    }
  }
});
