import assert from "node:assert/strict";
import { test } from "node:test";
import { testFunction } from "@holon/sdk/testing";
import busy from "./busy.ts";
import minutes from "./minutes.ts";

const readings = (percents: readonly number[]) => percents.map((cpuUserPercent) => ({ subject: "host", data: { cpuUserPercent } }));

test("a machine that stays busy is told once, and once when it is idle again", async () => {
  const percents = [...Array(10).fill(10), ...Array(40).fill(99), ...Array(40).fill(5)];
  const { outputs, status } = await testFunction(busy, { events: readings(percents) });
  assert.deepEqual(outputs.map(({ data }) => (data as { readonly state: string }).state), ["busy", "idle"]);
  assert.match(status ?? "", /^idle/);
});

test("each minute of event time gives one figure", async () => {
  const { outputs } = await testFunction(minutes, { events: readings(Array(121).fill(50)) });
  assert.deepEqual(outputs.map(({ data }) => data), [{ readings: 60, meanPercent: 50 }, { readings: 60, meanPercent: 50 }, { readings: 1, meanPercent: 50 }]);
});
