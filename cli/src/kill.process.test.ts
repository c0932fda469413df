import assert from "node:assert/strict";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon } from "./testing/holon-process.ts";
import { killAndContinue, logBytes } from "./testing/kill-run.ts";
import { needSkab, skabFile } from "./testing/skab.ts";

const files = ["other/2", "other/14"].map(skabFile);
const killsPerRun = 5;

/** 20 kills in all; the paced runs are met while they take rows in, the others also while they judge and drain. */
const plans: readonly { readonly seed: string; readonly more: readonly string[] }[] = [
  { seed: "kill/1", more: [] },
  { seed: "kill/2", more: ["--speed", "1500"] },
  { seed: "kill/3", more: ["--cut-after", "300", "--heal-after", "900"] },
  { seed: "kill/4", more: ["--speed", "1500", "--cut-after", "200", "--heal-after", "1400"] },
];

test("kill -9 at 20 random points of a replay: whatever they meet, nothing is lost and nothing is doubled", needSkab, async (context) => {
  const whole = tempFolder(context);
  const undisturbed = reportOf(await runHolon(context, onceArguments(files, whole)));
  const bytes = logBytes(whole);
  const sums = { kills: 0, midIntake: 0 };
  for (const { seed, more } of plans) {
    const { kills, midIntake, report } = await killAndContinue(context, {
      seed,
      kills: killsPerRun,
      rows: undisturbed.eventsIn,
      logBytes: bytes,
      arguments: (data) => onceArguments(files, data, ...more),
    });
    assertNothingLost(report);
    assert.equal(report.eventsIn, undisturbed.eventsIn, seed);
    assert.equal(report.alerts, undisturbed.alerts, seed);
    assert.deepEqual(report.scores, undisturbed.scores, seed);
    sums.kills += kills;
    sums.midIntake += midIntake;
  }
  assert.ok(sums.kills >= 18, `only ${sums.kills} of 20 kills met a running process`);
  assert.ok(sums.midIntake >= 8, `only ${sums.midIntake} of 20 kills met a replay with rows left`);
});
