import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pcaFile } from "../models/make.ts";
import { rule } from "./rule.ts";
import { JudgeRun, pumpEvents } from "./testing/judge-run.ts";

const afterLearning = rule.learnRows + 200;
const from = (first: number, rows: number, index: number): boolean => index >= first && index < first + rows;

test("models/make.ts makes the model that is published, byte for byte", () =>
  assert.deepEqual(pcaFile(), new Uint8Array(readFileSync(new URL("../models/pca.onnx", import.meta.url)))));

test("it says how far it has learned, then watches, and is quiet on what is normal", async () => {
  const run = new JudgeRun();
  await run.feed(pumpEvents(212));
  assert.equal(run.status, "learning 212/400");
  assert.equal(run.of("pump.score").length, 0);
  await run.feed(pumpEvents(3_000).slice(212));
  assert.equal(run.status, "watching");
  assert.equal(run.of("pump.score").length, 3_000 - rule.learnRows);
  assert.deepEqual(run.of("pump.alert"), []);
});

for (const sensor of ["pressure", "current", "temperature", "memory"]) {
  test(`a jump of ${sensor} is one alert that opens at once, names it first, and closes with its extent`, async () => {
    const run = new JudgeRun();
    // 40 deviations each; the memory's is 144 of 8,000,000,000 bytes, which 32-bit floats alone could not show.
    const jump = { pressure: 12, current: 6, temperature: 12, memory: 6_000 }[sensor] ?? 0;
    await run.feed(pumpEvents(1_000, (data, index) => from(afterLearning, 30, index) && (data[sensor] = Number(data[sensor]) + jump)));
    const [open, closed, ...more] = run.of("pump.alert");
    assert.deepEqual(more, []);
    assert.equal(open?.["state"], "open");
    assert.ok(Date.parse(String(open?.["start"])) - afterLearning * 1_000 < 5_000);
    assert.deepEqual([closed?.["state"], closed?.["episode"], closed?.["start"]], ["closed", open?.["episode"], open?.["start"]]);
    assert.ok(Number(closed?.["rows"]) >= 25 && Number(closed?.["rows"]) < 90, `${String(closed?.["rows"])} rows`);
    assert.ok(Number(closed?.["peakScore"]) > rule.enter);
    for (const alert of [open, closed]) {
      const causes = alert?.["causes"] as { sensor: string; share: number }[];
      assert.equal(causes[0]?.sensor, sensor);
      assert.ok(causes.length <= 3 && causes.every(({ share }) => share >= 0 && share <= 1));
    }
  });
}

test("one absurd value is one alert, not deafness: what follows is judged as before, and nothing is learned from it", async () => {
  const run = new JudgeRun();
  const wild = [100, afterLearning];
  await run.feed(pumpEvents(1_000, (data, index) => wild.includes(index) && (data["pressure"] = 1e300)));
  const alerts = run.of("pump.alert");
  assert.deepEqual(alerts.map((alert) => alert["state"]), ["open", "closed"]);
  assert.ok(Number(alerts[1]?.["rows"]) < 90, `${String(alerts[1]?.["rows"])} rows`);
});

test("restarted anywhere, from state and parameter blobs alone, it gives the same bytes", async () => {
  const events = pumpEvents(900, (data, index) => from(650, 100, index) && (data["pressure"] = 9));
  const straight = new JudgeRun();
  await straight.feed(events, 64);
  const restarted = new JudgeRun();
  for (const [index, cut] of [0, 64, 320, 399, 400, 401, 655, 700, 790].entries()) {
    const start = [0, 64, 320, 399, 400, 401, 655, 700, 790, 900];
    await restarted.feed(events.slice(cut, start[index + 1]), 64);
    await restarted.restart();
  }
  const withoutCause = (run: JudgeRun): string => JSON.stringify(run.outputs.map(({ type, subject, timeMs, data }) => ({ type, subject, timeMs, data })));
  assert.equal(withoutCause(restarted), withoutCause(straight));
  assert.deepEqual([...restarted.state].sort(), [...straight.state].sort());
});

test("a restart with parameters and no memory of the subject learns anew, and so does one without parameters", async () => {
  const run = new JudgeRun();
  await run.feed(pumpEvents(500));
  await run.restart();
  run.state.clear();
  await run.feed(pumpEvents(10));
  assert.equal(run.status, "learning 10/400");
});

test("a batch writes little, while it learns and after", async () => {
  const run = new JudgeRun();
  await run.feed(pumpEvents(600));
  const held = [...run.state].reduce((total, [key, value]) => total + key.length + value.length, 0);
  assert.ok(held < 2_000, `${held} bytes of state for one subject`);
});

test("missing, null and wordy values, sensors that come and go, and empty readings break nothing", async () => {
  const run = new JudgeRun();
  await run.feed(
    pumpEvents(1_000, (data, index) => {
      if (index % 7 === 0) delete data["pressure"];
      if (index % 11 === 0) data["current"] = null;
      if (index % 13 === 0) data["temperature"] = "n/a";
      if (index > 50) data["late-sensor"] = Math.sin(index);
      if (index > 600) data["unknown-sensor"] = 5;
      if (index === 700) for (const key of Object.keys(data)) delete data[key];
    }),
  );
  const first = ["memory"];
  const second = [...first, "current", "pressure", "temperature"];
  assert.deepEqual(run.of("pump.sensors"), [{ sensors: first }, { sensors: second }, { sensors: [...second, "late-sensor"] }]);
  assert.equal(run.of("pump.score").length, 1_000 - rule.learnRows - 1);
});

test("constant sensors count for nothing, and one that is all constant never alarms", async () => {
  const run = new JudgeRun();
  await run.feed(pumpEvents(700, (data) => Object.assign(data, { pressure: 1, current: 0, temperature: -4, memory: 8e9 })));
  assert.ok(run.of("pump.score").every(({ score, anomalous }) => score === 0 && anomalous === false));
  const mixed = new JudgeRun();
  await mixed.feed(pumpEvents(1_200, (data) => (data["constant"] = 17)));
  assert.deepEqual(mixed.of("pump.alert"), []);
});

test("a value beyond 32-bit floats is an anomaly with a score, not a failure", async () => {
  const run = new JudgeRun();
  await run.feed(pumpEvents(700, (data, index) => index === afterLearning && (data["pressure"] = 1e300)));
  const scores = run.of("pump.score").map(({ score }) => Number(score));
  assert.ok(scores.every((score) => Number.isFinite(score)));
  assert.equal(run.of("pump.alert")[0]?.["state"], "open");
});

test("subjects are learned and watched apart", async () => {
  const run = new JudgeRun();
  const events = pumpEvents(600);
  const other = pumpEvents(600).map((event) => ({ ...event, subject: "pump-8" }));
  await run.feed(events.flatMap((event, index) => [event, other[index] ?? event]));
  const of = (subject: string): unknown[] => run.outputs.filter((output) => output.type === "pump.score" && output.subject === subject).map((output) => output.data);
  assert.deepEqual(of("pump-7"), of("pump-8"));
});

test("time that jumps, stands still or runs back does not stop scores or aggregates", async () => {
  const run = new JudgeRun();
  const times = (index: number): number => (index < 500 ? index * 1_000 : index < 600 ? 4e12 : index < 700 ? 1_500_000 : (index - 700) * 1_000);
  await run.feed(pumpEvents(1_000, undefined, times));
  assert.equal(run.of("pump.score").length, 600);
  const minutes = run.outputs.filter((output) => output.type === "pump.minute").map((output) => output.timeMs);
  const minute = (index: number): number => index * 60_000;
  const firstNine = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(minute);
  assert.deepEqual(minutes, [...firstNine, minute(Math.floor(4e12 / 60_000)), minute(25), ...firstNine.slice(0, 4)]);
});

test("no reading's own value is in what leaves the site", async () => {
  const run = new JudgeRun();
  const marker = 91.234567;
  await run.feed(pumpEvents(1_000, (data, index) => from(afterLearning, 20, index) && (data["temperature"] = marker)));
  const leaves = JSON.stringify(run.outputs.filter((output) => output.type !== "pump.score"));
  assert.ok(leaves.includes("temperature"));
  assert.ok(!leaves.includes("91.234567") && !leaves.includes("91.2345"));
});
