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
