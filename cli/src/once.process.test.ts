import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { assertNothingLost, onceArguments, reportOf, runHolon, type Report } from "./testing/holon-process.ts";
import { needSkab, skabFile, skabFiles } from "./testing/skab.ts";

const rowsOfAll = 24_250;
/** Of the two runs over all recordings one is made whole, the other with each HOLON_SIM_ROTATION; with HOLON_RECORDINGS=all both. */
const isWhole = process.env["HOLON_RECORDINGS"] === "all";
const isCutFirst = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % 2 === 0;

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

const uncut = async (context: TestContext): Promise<Report> => reportOf(await runHolon(context, onceArguments(skabFiles(), tempFolder(context))));

async function cut(context: TestContext): Promise<Report> {
  const ended = await runHolon(context, onceArguments(skabFiles(), tempFolder(context), "--cut-after", "6000", "--heal-after", "18000", "--verbose"));
  assert.match(ended.stderr, /gateway-1 uplink lost: HOLON_LINK_CUT/);
  return reportOf(ended);
}

test("all recordings, with the cable cut in between or not: nothing lost, little leaves the site, the judgement is good and the same", needSkab, async (context) => {
  const [first, second] = isCutFirst ? [cut, uncut] : [uncut, cut];
  const report = await first(context);
  assertTargets(report);
  if (!isWhole) return;
  const other = await second(context);
  assertTargets(other);
  assert.deepEqual(other.scores, report.scores);
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
