import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { createModel } from "@holon/platform/model.ts";
import { createRunner } from "@holon/platform/runner.ts";
import { rule } from "./rule.ts";
import { programOf } from "./testing/judge-run.ts";
import { loadSkab, skabIsThere } from "./testing/skab.ts";

/** The SKAB recordings (Katser and Kozitsin, 2020) by their protocol: learn from 400 rows, score the rest, pool the counts. */
describe("on the SKAB recordings, through worker and model runtime", { skip: skabIsThere ? false : "the recordings are not in ../shared/data/skab" }, () => {
  const model = createModel();
  const runner = createRunner({ model });
  after(() => Promise.all([runner.close(), model.close()]));

  it("scores F1 ≥ 0.74 with false alarms ≤ 0.45, and what leaves is a small part of what came", async () => {
    const unit = await runner.start(programOf());
    const counts = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };
    const leaves: string[] = [];
    let rawBytes = 0;
    for (const recording of loadSkab()) {
      const anomalous = new Map<number, boolean>();
      for (let from = 0; from < recording.events.length; from += 256) {
        const { outputs } = await unit.handle(recording.events.slice(from, from + 256));
        for (const { type, subject, timeMs, data, cause } of outputs) {
          if (type === "pump.score") anomalous.set(from + cause, (data as { anomalous: boolean }).anomalous);
          else leaves.push(JSON.stringify({ type, subject, time: new Date(timeMs).toISOString(), data }));
        }
      }
      rawBytes += JSON.stringify(recording.events.map((event) => Object.values(event.data as object))).length;
      recording.labels.slice(rule.learnRows).forEach((label, index) => {
        const judged = anomalous.get(index + rule.learnRows);
        assert.notEqual(judged, undefined, `${recording.name}, row ${index + rule.learnRows} has no score`);
        counts[label ? (judged ? "truePositive" : "falseNegative") : judged ? "falsePositive" : "trueNegative"]++;
      });
      assert.ok(![...anomalous.keys()].some((row) => row < rule.learnRows));
    }
    await unit.stop();
    const { truePositive, falsePositive, trueNegative, falseNegative } = counts;
    const f1 = (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative);
    const falseAlarmRate = falsePositive / (falsePositive + trueNegative);
    assert.ok(f1 >= 0.74, `F1 ${f1}`);
    assert.ok(falseAlarmRate <= 0.45, `false-alarm rate ${falseAlarmRate}`);
    assert.ok(zstdCompressSync(leaves.join("\n")).length <= 0.025 * rawBytes);
  });
});
