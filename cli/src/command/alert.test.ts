import assert from "node:assert/strict";
import { test } from "node:test";
import { noStates } from "@holon/core/telemetry/completeness.ts";
import { alertsText } from "./alert.ts";

const asOf = "2026-01-02T12:03:10.000Z";
const through = "2026-01-02T12:01:55.000Z";
const completeness = { nodes: 3, reported: 3, excused: 0, unknown: 0, through, states: { ...noStates(), present: 3 }, missing: [] };
const list = { asOf, completeness, alerts: [], states: { firing: 0, unknown: 0, resolved: 0 }, total: 0 };

test("a list of alerts says who may have more to tell now, and else through which time all have told", () => {
  assert.equal(alertsText(list), `no alert\nas of ${asOf}: of 3 nodes 3 have told through ${through}, 0 unknown\n`);
  const silent = { ...list, completeness: { ...completeness, states: { ...noStates(), present: 2, silent: 1 } } };
  assert.equal(alertsText(silent), `no alert\nas of ${asOf}: of 3 nodes 1 may have more to tell\n`, "it has told of what is asked for, and is not heard now");
});
