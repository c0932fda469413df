/** Jobs through half a day of cuts and power failures; `npm run sim -- --scenario energy-shift` has the whole of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { energyShift } from "./scenarios/energy-shift.ts";
import { runSeed } from "./scenario.ts";
import { missingRecordings } from "./traces/recordings.ts";

const missing = missingRecordings();

test("each run of each job is done once, in time, where it may be, and told as it was", onItsTurn(0, 2, missing ?? false), async () => {
  const { violations, figures } = await runSeed(energyShift, await holonProgram(), 1, { size: { hours: 17 } });
  assert.deepEqual(violations, []);
  assert.ok((figures["runs"] ?? 0) >= 4 && (figures["toldWhatItSaved"] ?? 0) > 0);
});
