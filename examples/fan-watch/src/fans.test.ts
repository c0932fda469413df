import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { linkDictionary } from "@holon/core/link/dictionary.ts";
import { toBlock } from "@holon/core/reduce/block.ts";
import { createReducer } from "@holon/core/reduce/reducer.ts";
import { numbersOf } from "@holon/core/reduce/row.ts";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { bundleFunction } from "@holon/platform/bundle.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createRunner } from "@holon/sim/runner.ts";
import type { UnitEvent } from "@holon/sdk";
import manifest from "../holon.app.ts";
import { windowSamples } from "./features.ts";
import { rule } from "./rule.ts";
import { fansAreThere, loadFans } from "./testing/fans.ts";

const app = appManifestSchema.parse(manifest);
const [minute, around] = app.reductions ?? [];
const { compress } = createCodec();

interface Out {
  readonly type: string;
  readonly subject: string | undefined;
  readonly timeMs: number;
  readonly data: unknown;
}

/** Records of these events as the link sends them: 256 at a time, by Zstandard with its dictionary. */
function linkBytes(events: readonly Out[]): number {
  let bytes = 0;
  for (let from = 0; from < events.length; from += 256) {
    const records = events.slice(from, from + 256).map(({ type, subject, timeMs, data }) =>
      encodeStoredEvent({ type, source: "/gateway-1/fan-watch/judge", ...(subject === undefined ? {} : { subject }), time: isoTime(timeMs), recordedtime: isoTime(timeMs + 5), clock: "synced", class: "derived", jurisdiction: "EU/DE", data }).slice(),
    );
    bytes += compress(Buffer.concat(records), linkDictionary).length;
  }
  return bytes;
}

const stateOf = ({ data }: Out): unknown => (typeof data === "object" && data !== null && "state" in data ? data.state : undefined);

describe("on the fan recordings", { skip: fansAreThere ? false : "the recordings are not in ../shared/data/fan-vibration" }, () => {
  it("finds the unbalanced fan, and what leaves tells it as well as all readings would, in a twentieth of the bytes", async () => {
    const { code } = await bundleFunction(fileURLToPath(new URL("judge.ts", import.meta.url)));
    const runner = createRunner();
    await runner.prepare("judge", code);
    assert.ok(minute?.kind === "aggregate" && around?.kind === "frames");
    const counts = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };
    const [readings, leaves]: [UnitEvent[], Out[]] = [[], []];
    for (const { events, faults } of loadFans()) {
      const unit = await runner.start({ name: "judge", code, models: {}, fitted: [], state: new Map(), timeoutMs: 60_000 });
      const judged = new Map<number, boolean>();
      const alerts: { readonly alert: Out; readonly index: number }[] = [];
      for (let from = 0; from < events.length; from += 256) {
        for (const output of (await unit.handle(events.slice(from, from + 256))).outputs) {
          if (output.type === "fan.alert") alerts.push({ alert: output, index: from + output.cause });
          else judged.set(from + output.cause, (output.data as { anomalous: boolean }).anomalous);
        }
      }
      await unit.stop();
      // Above the site only the alerts are known; from them each window's judgement follows.
      for (const [index, anomalous] of judged) {
        const told = alerts.findLast((alert) => alert.index <= index);
        assert.equal(told !== undefined && stateOf(told.alert) === "open", anomalous);
        counts[faults[index] === true ? (anomalous ? "truePositive" : "falseNegative") : anomalous ? "falsePositive" : "trueNegative"] += 1;
      }
      assert.equal(judged.size, Math.floor(events.length / windowSamples) - rule.learnWindows);
      const reducer = createReducer(minute, new Map(), () => new Uint8Array(32));
      leaves.push(...alerts.map(({ alert }) => alert), ...events.flatMap((event) => reducer.take(event).map((reduced) => ({ type: "fan.minute", ...reduced }))));
      for (const { alert, index } of alerts) {
        if (stateOf(alert) !== "open") continue;
        const rows = events.slice(Math.max(0, index - around.beforeMs / 20), index + 1 + around.afterMs / 20).map(({ timeMs, data }) => ({ timeMs, values: numbersOf(data, undefined) ?? {} }));
        leaves.push({ type: "fan.frame", subject: alert.subject, timeMs: alert.timeMs, data: toBlock(rows, around.within) });
      }
      readings.push(...events);
    }
    const { truePositive, falsePositive, trueNegative, falseNegative } = counts;
    const f1 = (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative);
    const falseAlarmRate = falsePositive / (falsePositive + trueNegative);
    const [before, after] = [linkBytes(readings), linkBytes(leaves)];
    assert.ok(f1 >= 0.9 && falseAlarmRate <= 0.1, `F1 ${f1}, false alarms ${falseAlarmRate}`);
    assert.ok(after <= 0.05 * before, `${after} of ${before} bytes`);
    if (process.env["HOLON_SAY"] !== undefined) console.log({ f1, falseAlarmRate, ...counts, before, after, frames: leaves.filter(({ type }) => type === "fan.frame").length });
  });
});

describe("the manifest", () => {
  it("fits its schema", () => assert.deepEqual((app.reductions ?? []).map(({ kind }) => kind), ["aggregate", "frames"]));
});
