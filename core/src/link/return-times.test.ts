import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { createReturnTimes } from "./return-times.ts";

const waitingMax = 10;
/** Ten turns a second for twenty seconds. */
function busy() {
  const times = createReturnTimes(waitingMax);
  for (let nowMs = 0; nowMs < 20_000; nowMs += 100) times.served(nowMs);
  return { times, nowMs: 20_000 };
}

test("each that is sent away is told a later time, at the rate at which turns are given", () => {
  const { times, nowMs } = busy();
  const told = Array.from({ length: 300 }, (_, index) => times.sentAway(nowMs + index, waitingMax, nowMs));
  for (const [index, afterMs] of told.entries()) assert.ok(index === 0 || afterMs >= (told[index - 1] ?? 0));
  const last = told.at(-1) ?? 0;
  assert.ok(last > 300 * 100 * 0.5 && last < 300 * 100, `${last} ms for three hundred turns of about 100 ms`);
});

test("who waits longer comes back before those who came later, however many these are", () => {
  const { times, nowMs } = busy();
  for (let index = 0; index < 500; index++) times.sentAway(nowMs, waitingMax, nowMs);
  assert.equal(times.sentAway(nowMs - 10_000, waitingMax, nowMs), limits.linkLaterFirstMs);
});

test("who came back is not waited for, nor who did not come in time", () => {
  const { times, nowMs } = busy();
  const first = times.sentAway(nowMs, waitingMax, nowMs);
  const told = Array.from({ length: 200 }, () => times.sentAway(nowMs, waitingMax, nowMs));
  for (let index = 0; index < 150; index++) times.returned(nowMs + 20, nowMs);
  assert.ok(times.sentAway(nowMs, waitingMax, nowMs) < (told[60] ?? 0));
  const laterMs = nowMs + 2 * Math.max(...told) + 10_000;
  for (let atMs = nowMs; atMs < laterMs; atMs += 100) times.served(atMs);
  assert.equal(times.sentAway(laterMs, waitingMax, laterMs), first);
});

test("no time is longer than the bound, even where no turn is given", () => {
  const times = createReturnTimes(waitingMax);
  let longest = 0;
  for (let index = 0; index < 100_000; index++) longest = Math.max(longest, times.sentAway(index, waitingMax, index));
  assert.equal(longest, limits.linkLaterMaxMs);
});
