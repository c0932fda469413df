import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Merge } from "@holon/core/log/merge.ts";
import type { ForeignRun } from "../log/commit.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { createIntake } from "./intake.ts";

/** A log that keeps every append waiting until it is let go, and notes the order. */
function heldLog() {
  const order: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    order,
    letGo: () => waiting.shift()?.(),
    appendRuns: (runs: readonly ForeignRun[]) =>
      new Promise<readonly Merge[]>((resolve) => {
        order.push(runs.map(({ header }) => `${header.origin}/${header.firstSequence}`).join(" "));
        waiting.push(() => resolve(runs.map(() => ({ outcome: "apply" }))));
      }),
  };
}

/** Runs of one child of about `bytes` each, one record a run. */
async function runsOf(folder: string, name: string, count: number, bytes: number): Promise<readonly ForeignRun[]> {
  const log = await openTempLog(folder, { name });
  for (let number = 0; number < count; number++) await log.append({ records: [record("data", "x".repeat(bytes))] });
  const runs = await log.readRuns({ origin: log.origin, stream: "data" }, 1, 1e9);
  await log.close();
  return runs;
}

const calm = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("turns go round: a long backlog does not stand before a short one, and an alarm passes both", async (context) => {
  const log = heldLog();
  const intake = createIntake(log);
  const long = await runsOf(tempFolder(context), "long", 40, limits.linkIntakeTurnBytes);
  const short = await runsOf(tempFolder(context), "short", 1, 100);
  const alarm = await runsOf(tempFolder(context), "alarm", 1, 100);
  const all = [intake.append(1, long, "data"), intake.append(2, short, "data")];
  const atOnce = log.order.length;
  assert.ok(atOnce * limits.linkIntakeTurnBytes >= limits.linkIntakeBytesMax && atOnce < long.length, `${atOnce} turns were handed over at once`);
  all.push(intake.append(3, alarm, "alarm"));
  assert.match(log.order.at(-1) ?? "", /^alarm/);
  log.letGo();
  log.letGo();
  await calm();
  assert.ok(log.order.findIndex((one) => one.startsWith("short")) < atOnce + 4, log.order.join(", "));
  for (let turn = 0; turn < 42; turn++) {
    log.letGo();
    await calm();
  }
  for (const [index, merges] of (await Promise.all(all)).entries()) assert.equal(merges.length, [long, short, alarm][index]?.length);
  assert.deepEqual(log.order.filter((one) => one.startsWith("long")), long.map(({ header }) => `long/${header.firstSequence}`));
});

test("a failed append fails its frame and not the next", async (context) => {
  let fails = true;
  const log = { appendRuns: (runs: readonly ForeignRun[]) => (fails ? Promise.reject(new Error("disk")) : Promise.resolve(runs.map((): Merge => ({ outcome: "apply" })))) };
  const intake = createIntake(log);
  const runs = await runsOf(tempFolder(context), "child", 1, 100);
  await assert.rejects(intake.append(1, runs, "data"), /disk/);
  fails = false;
  assert.deepEqual(await intake.append(1, runs, "data"), [{ outcome: "apply" }]);
});
