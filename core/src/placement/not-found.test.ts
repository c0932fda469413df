import assert from "node:assert/strict";
import { test } from "node:test";
import { driftOf } from "../drift.ts";
import { conditionSchema } from "../schema/condition.ts";
import { nodeReportSchema } from "../schema/node-report.ts";
import { knownValues } from "./known.ts";
import { notFound } from "./not-found.ts";

const report = (more: object) => nodeReportSchema.parse({ capacity: { processors: 4, asOfMs: 1, source: "measured" }, ...more });
const declared = { asOfMs: 1, source: "declared" };
const t4s = { capacity: { accelerators: { model: "t4", count: 2 }, asOfMs: 1, source: "declared" } };
const shows = (...kinds: readonly object[]) => ({ accelerators: { kinds, asOfMs: 2 } });

test("what is declared and was not found is told; what could not be found out contradicts nothing", () => {
  assert.deepEqual(notFound(report(t4s)), []);
  assert.deepEqual(notFound(report({ ...t4s, found: shows() })), ["2 t4 as accelerators, and it shows none"]);
  assert.deepEqual(notFound(report({ ...t4s, found: shows({ model: "nvidia Tesla T4", count: 1 }) })), ["2 t4 as accelerators, and it shows 1"]);
  assert.deepEqual(notFound(report({ ...t4s, found: shows({ model: "nvidia Tesla T4", count: 2 }) })), [], "by whatever name");
  assert.deepEqual(notFound(report({ found: shows({ model: "amd gpu", count: 1 }) })), [], "more than is declared is no contradiction");
  const tried = { found: { providers: { names: ["cpu"], asOfMs: 2 } } };
  assert.deepEqual(notFound(report({ providers: ["cuda", "cpu", "bubblewrap"], providersAsOf: declared, ...tried })), ["cuda as execution providers, and its model runtime has cpu"]);
  assert.deepEqual(notFound(report({ providers: ["cuda"], providersAsOf: declared })), []);
  assert.deepEqual(notFound(report({ providers: ["cpu"], ...tried })), []);
});

test("it is drift, with since when; and what was found is shown beside what is declared, with when, unknown where nobody looked", () => {
  const condition = conditionSchema.parse({ version: 1, policy: null, config: null, clock: "synced", disk: "ok", inventory: notFound(report({ ...t4s, found: shows() })).join() });
  assert.deepEqual(driftOf({ desired: { version: 1, behindSince: undefined, policy: null }, condition, since: { inventory: "2026-01-01T00:00:00.000Z" } }), [{ kind: "inventory", text: "its file declares 2 t4 as accelerators, and it shows none", since: "2026-01-01T00:00:00.000Z" }]);
  const lines = (more: object) => knownValues({ report: report(more), curve: () => undefined, inferences: {}, trust: undefined, nowMs: 8 * 86_400_000 }).filter(({ what }) => /^accelerators|^execution/.test(what)).map(({ what, value, source, asOfMs, stale }) => [what, value, source, asOfMs, stale]);
  assert.deepEqual(lines({ ...t4s, found: shows() }), [
    ["accelerators", "2 t4", "declared", 1, true], ["execution providers", "cpu", "assumed", null, false], ["accelerators, found", "none", "measured", 2, true], ["execution providers, found", null, null, null, false],
  ]);
  assert.deepEqual(lines({ found: { providers: { names: ["cuda", "cpu"], asOfMs: 7.9 * 86_400_000 } }, providers: ["cuda", "cpu"], providersAsOf: { asOfMs: 7.9 * 86_400_000, source: "measured" } }).map(([what, value, source]) => [what, value, source]), [
    ["accelerators", null, null], ["execution providers", "cuda, cpu", "measured"], ["accelerators, found", null, null], ["execution providers, found", "cuda, cpu", "measured"],
  ]);
});
