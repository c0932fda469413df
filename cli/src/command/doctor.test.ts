import assert from "node:assert/strict";
import { test } from "node:test";
import { alertText } from "./doctor.ts";

test("how often an alarm was told is said once", () => {
  const since = "2027-01-15T00:00:00.000Z";
  assert.equal(alertText({ kind: "alarm", since, message: "machine.load of host at gateway-1, 11 times, the last at 2027-01-15T01:00:00.000Z", count: 11 }), `machine.load of host at gateway-1, 11 times, the last at 2027-01-15T01:00:00.000Z, since ${since}`);
  assert.equal(alertText({ kind: "freshness", since, message: "pump burns", count: 2 }), `pump burns (2 times), since ${since}`);
});
