import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createClock } from "./clock.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

test("a timer fires once, and never early", async () => {
  const clock = createClock();
  for (const delayMs of [0, 0.4, 1, 3.7, 12]) {
    const startMs = clock.monotonicMs();
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    assert.ok(clock.monotonicMs() - startMs >= delayMs);
  }
});

test("a cancelled timer does not fire, and one far in the future does not fire now", async () => {
  const clock = createClock();
  let fired = 0;
  clock.after(1, () => fired++).cancel();
  const far = clock.after(2 ** 40, () => fired++);
  await new Promise<void>((resolve) => clock.after(20, resolve));
  far.cancel();
  assert.equal(fired, 0);
});

test("the wall clock is trusted only where a time service says it is set", (t) => {
  const mark = join(scratchFolder(t), "synchronized");
  assert.equal(createClock({ syncedFiles: [mark] }).wall().state, "unknown");
  writeFileSync(mark, "");
  const { ms, state } = createClock({ syncedFiles: [mark] }).wall();
  assert.equal(state, "synced");
  assert.ok(Math.abs(ms - Date.now()) < 60_000);
});
