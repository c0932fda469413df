import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { pageOfAlerts, type ShownAlert } from "./alert.ts";

const at = "2026-01-01T00:00:00.000Z";
const completeness = { nodes: 0, reported: 0, excused: 0, unknown: 0, through: at, states: { present: 0, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 }, missing: [] };
const alert = (id: string, state: ShownAlert["state"], subject = "pump"): ShownAlert => ({ id, rule: "r", kind: "alarm", subject, severity: "ticket", state, since: at, until: null, value: null, threshold: null, message: id, count: 1, acknowledged: null, silencedUntil: null, told: [] });

test("a list of alerts that is cut says how many there are, by state", () => {
  const alerts = [...Array.from({ length: 900 }, (_, index) => alert(`f${index}`, "firing")), alert("u", "unknown"), ...Array.from({ length: 100 }, (_, index) => alert(`r${index}`, "resolved", "fan"))];
  const list = { asOf: at, completeness, alerts };
  const cut = pageOfAlerts(list, {});
  assert.deepEqual([cut.alerts.length, cut.total, cut.states], [limits.alertsResolvedMax, 1_001, { firing: 900, unknown: 1, resolved: 100 }]);
  const few = pageOfAlerts(list, { state: "firing", limit: 3 });
  assert.deepEqual([few.alerts.map(({ id }) => id), few.total, few.states], [["f0", "f1", "f2"], 900, { firing: 900, unknown: 0, resolved: 0 }]);
  const fan = pageOfAlerts(list, { subject: "fan", limit: 1_000 });
  assert.deepEqual([fan.alerts.length, fan.total], [100, 100]);
});
