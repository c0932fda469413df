import assert from "node:assert/strict";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon, type Report } from "./testing/holon-process.ts";
import { needSkab, skabFile, skabFiles } from "./testing/skab.ts";

const rowsOfAll = 24_250;

/** The targets of the main job, on all recordings together. */
function assertTargets(report: Report): void {
  assertNothingLost(report);
  assert.equal(report.eventsIn, rowsOfAll);
  assert.equal(report.rejected, 0);
  assert.ok(report.uplinkBytes <= 0.05 * report.rawBytes, `${report.uplinkBytes} of ${report.rawBytes} bytes`);
  assert.ok((report.pooled?.f1 ?? 0) >= 0.74, `F1 ${report.pooled?.f1}`);
  assert.ok((report.pooled?.falseAlarmRate ?? 1) <= 0.45, `false alarms ${report.pooled?.falseAlarmRate}`);
  assert.equal(report.scores?.length, 22);
  assert.equal(report.pooled?.rows, report.scores?.reduce((sum, { rows }) => sum + rows, 0));
  assert.ok(report.alerts > 0 && report.eventsAtCloud > report.alerts);
}

test("all recordings: nothing lost, little leaves the site, the judgement is good", needSkab, async (context) => {
  assertTargets(reportOf(await runHolon(context, onceArguments(skabFiles(), tempFolder(context)))));
});

test("all recordings with the cable cut in between: the same", needSkab, async (context) => {
  const cut = ["--cut-after", "6000", "--heal-after", "18000", "--verbose"];
  const ended = await runHolon(context, onceArguments(skabFiles(), tempFolder(context), ...cut));
  assert.match(ended.stderr, /gateway-1 uplink lost: HOLON_LINK_CUT/);
  assertTargets(reportOf(ended));
});

test("one recording alone, cut and never healed before its end: all of it is there", needSkab, async (context) => {
  const report = reportOf(await runHolon(context, onceArguments([skabFile("valve1/1")], tempFolder(context), "--cut-after", "300")));
  assertNothingLost(report);
  assert.equal(report.eventsIn, 1145);
  assert.equal(report.pooled?.rows, 745);
});

test("a fresh run clears what the run before left, and a finished one goes on with nothing to do", needSkab, async (context) => {
  const data = tempFolder(context);
  const args = onceArguments([skabFile("other/2")], data);
  const [first, second, third] = [reportOf(await runHolon(context, args)), reportOf(await runHolon(context, args)), reportOf(await runHolon(context, [...args, "--continue"]))];
  for (const report of [first, second, third]) {
    assertNothingLost(report);
    assert.equal(report.eventsIn, first.eventsIn);
    assert.deepEqual(report.scores, first.scores);
  }
});
