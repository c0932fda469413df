import assert from "node:assert/strict";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { assertNothingLost, onceArguments, reportOf, runHolon } from "./testing/holon-process.ts";
import { reducedApp, unreducedApp } from "./testing/reduced-apps.ts";
import { needSkab, skabFiles } from "./testing/skab.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const reducedSchema = z.object({
  sentBytes: z.number(),
  reductions: z.array(z.object({ app: z.string(), name: z.string(), kind: z.string(), on: z.string(), bytesIn: z.number(), bytesMade: z.number(), bytesLeaving: z.number(), records: z.number() })),
});

/** Every fourth recording, others with each HOLON_SIM_ROTATION; with HOLON_RECORDINGS=all all of them: those few hold a larger share of what is sent once, and of what goes up the longer the longer it takes (telemetry, signs of life). */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const isWhole = process.env["HOLON_RECORDINGS"] === "all";
const shareMax = isWhole ? 0.05 : 0.15;

test("recordings as they are and reduced: the judgement is the same, and a small part of the bytes leaves", onItsTurn(1, 2, needSkab.skip), async (context) => {
  const files = skabFiles().filter((_, index) => isWhole || index % 4 === rotation % 4);
  const once = async (folder: string) => {
    const report = reportOf(await runHolon(context, onceArguments(files, tempFolder(context), "--app", folder)));
    assertNothingLost(report);
    assert.equal(report.rawClassAtCloud, 0);
    return { report, ...reducedSchema.parse(report["reduced"]) };
  };
  const [all, reduced] = [await once(unreducedApp(tempFolder(context))), await once(reducedApp(tempFolder(context)))];
  assert.deepEqual(reduced.report.pooled, all.report.pooled);
  assert.deepEqual(reduced.report.scores, all.report.scores);
  assert.ok(reduced.sentBytes <= shareMax * all.sentBytes, `${reduced.sentBytes} of ${all.sentBytes} bytes`);
  const [span, around] = reduced.reductions;
  assert.deepEqual([span?.name, around?.name, all.reductions[0]?.bytesIn], ["span", "around", span?.bytesIn]);
  assert.ok(span !== undefined && span.records >= files.length && span.bytesLeaving < 0.02 * span.bytesIn, "windows were told, in few bytes");
  assert.equal(around?.records, reduced.report.alerts, "a frame for each alert");
  if (process.env["HOLON_SAY"] !== undefined) console.log(JSON.stringify([all.sentBytes, reduced.sentBytes, all.report.rawBytes, all.report.uplinkBytes, reduced.report.uplinkBytes, all.report.pooled, reduced.reductions]));
});
