import assert from "node:assert/strict";
import { test } from "node:test";
import { isThinned } from "./trace-thinning.ts";

const hourMs = 3_600_000;
const ids = Array.from({ length: 256 }, (_, index) => `4bf92f3577b34da6a3ce929d0e0e47${index.toString(16).padStart(2, "0")}`);

test("in an outage all traces of its first hour are followed, then one of eight, always the same ones; behind it all again", () => {
  const kept = (incidentMs: number | undefined, nowMs: number): readonly string[] => ids.filter((id) => !isThinned(id, incidentMs, nowMs, hourMs));
  assert.equal(kept(undefined, 9 * hourMs).length, 256);
  assert.equal(kept(8.5 * hourMs, 9 * hourMs).length, 256);
  assert.equal(kept(hourMs, 9 * hourMs).length, 32);
  assert.deepEqual(kept(hourMs, 9 * hourMs), kept(2 * hourMs, 100 * hourMs));
});
