import assert from "node:assert/strict";
import { test } from "node:test";
import { judgedKey, rightKey } from "@holon/core/alert/sli.ts";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { judgedTotals } from "./judged.ts";

const accuracy = { name: "right", kind: "accuracy", type: "press.verdict", target: 0.9 };
const app = appDocumentSchema.parse({ name: "press", version: "1", models: [], objectives: [accuracy], functions: [{ name: "judge", code: "a".repeat(64), on: { type: "x.y" }, emits: { "press.verdict": { stream: "data", class: "public" } }, models: [] }] });

test("what was judged before the objective was is past; from then on each counts once", async (context) => {
  for (const before of [[], [false, false, true]]) {
    const log = await openTempLog(tempFolder(context));
    context.after(() => log.close());
    const events = createEvents({ name: log.origin, jurisdiction: "EU/DE" }, createClock());
    const judge = (verdicts: readonly boolean[]) => log.append({ records: verdicts.map((correct) => events.record({ stream: "data", type: "press.verdict", class: "public", producer: "press/judge", data: { correct } })) });
    const totals = async () => {
      const all = await judgedTotals(log, [app]);
      return [all.get(judgedKey("press", "right")), all.get(rightKey("press", "right"))];
    };
    if (before.length > 0) await judge(before);
    assert.deepEqual(await totals(), [0, 0]);
    await judge([true, false, true]);
    assert.deepEqual([await totals(), await totals()], [[3, 2], [3, 2]]);
  }
});

test("what a node would never count of its own it does not take", () => {
  assert.match(alertingSchema.safeParse({ objectives: [accuracy] }).error?.issues[0]?.message ?? "", /manifest/);
});
