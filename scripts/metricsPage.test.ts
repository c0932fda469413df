import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fleetText, prometheusName } from "@holon/core/telemetry/prometheus.ts";
import { metrics } from "@holon/core/telemetry/catalogue.ts";
import { metricsPage, metricsPagePath } from "./metricsPage.ts";

test("the page of metrics is the table's, and names what is told for the fleet", () => {
  const page = readFileSync(metricsPagePath, "utf8");
  assert.equal(page, metricsPage(), "node scripts/metricsPage.ts writes it");
  const none = { present: 0, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 };
  const text = fleetText("cloud", { asOf: "2026-01-01T00:00:00.000Z", clock: { state: "synced", offMs: null }, completeness: { nodes: 0, reported: 0, excused: 0, unknown: 0, through: "2026-01-01T00:00:00.000Z", states: none, missing: [] }, nodes: [], next: null }, () => undefined);
  for (const [, name = ""] of text.matchAll(/^# TYPE (\S+)/gm)) assert.ok(page.includes(`\`${name}\``), name);
});

test("names for Prometheus are unique and of its form", () => {
  const names = metrics.map(prometheusName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z_][a-z0-9_]*$/);
});
