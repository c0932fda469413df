import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "../telemetry/alert.ts";
import { begin, hearAgain, over, owed, type Heard } from "./incident.ts";

const alert = (id: string, state: Alert["state"] = "firing"): Alert => ({ id, rule: "silence", kind: "silence", subject: "g1", severity: "ticket", state, since: "2026-01-01T00:00:00.000Z", until: state === "resolved" ? "2026-01-01T00:10:00.000Z" : null, value: 1, threshold: 0, message: "g1 is silent", count: 1 });
const heard = (id: string, node: string, state: Alert["state"] = "firing"): Heard => ({ alert: alert(id, state), class: "public", jurisdiction: "EU/DE", node });

test("the same told again is the same, however often", () => {
  const one = begin(heard("a", "edge-1"));
  const again = [1, 2, 3].reduce((incident) => hearAgain(incident, heard("a", "edge-1")), one);
  assert.deepEqual([again.tellers.length, again.alert.count, again.alert.state], [1, 1, "firing"]);
});

test("one rule about one subject told by two nodes is one incident, and over when both say so", () => {
  const two = hearAgain(begin(heard("a", "edge-1")), heard("b", "edge-2"));
  assert.deepEqual([two.alert.id, two.alert.count], ["a", 2]);
  const half = hearAgain(two, heard("a", "edge-1", "resolved"));
  assert.equal(half.alert.state, "firing");
  const whole = hearAgain(half, heard("b", "edge-2", "resolved"));
  assert.deepEqual([whole.alert.state, whole.alert.until], ["resolved", "2026-01-01T00:10:00.000Z"]);
  assert.equal(hearAgain(whole, heard("a", "edge-1")).alert.state, "resolved", "what is over stays over");
});

test("what is over for the first who told it, and not for another, is not said as over", () => {
  const two = hearAgain(begin(heard("a", "edge-1")), heard("b", "edge-2"));
  const ended = heard("a", "edge-1", "resolved");
  const half = hearAgain(two, { ...ended, alert: { ...ended.alert, message: "g1 was silent" } });
  assert.deepEqual([half.alert.state, half.alert.message], ["firing", "g1 is silent"]);
});

test("who is heard elsewhere is over where it was told", () => {
  const incident = over(begin(heard("a", "edge-1")), (node) => node === "edge-1", "2026-01-01T00:05:00.000Z");
  assert.deepEqual([incident.alert.state, incident.alert.until], ["resolved", "2026-01-01T00:05:00.000Z"]);
});

test("a route is told that it is, then that it is over, and nothing after that", () => {
  const ended = hearAgain(begin(heard("a", "edge-1")), heard("a", "edge-1", "resolved"));
  assert.equal(owed(begin(heard("a", "edge-1")), "ops", true)?.state, "firing");
  const told = { ...ended, told: [{ route: "ops", state: "firing" as const, at: "2026-01-01T00:11:00.000Z" }] };
  assert.equal(owed(told, "ops", true)?.state, "resolved");
  assert.equal(owed(told, "ops", false), undefined);
  assert.equal(owed({ ...told, told: [...told.told, { route: "ops", state: "resolved", at: "2026-01-01T00:11:01.000Z" }] }, "ops", true), undefined);
});

test("what was over before it could be told is told once, as over, and not to who wants to know only what is", () => {
  const ended = hearAgain(begin(heard("a", "edge-1")), heard("a", "edge-1", "resolved"));
  assert.equal(owed(ended, "ops", true)?.state, "resolved");
  assert.equal(owed(ended, "ops", false), undefined);
  assert.equal(owed({ ...ended, told: [{ route: "ops", state: "resolved", at: "2026-01-01T00:11:00.000Z" }] }, "ops", true), undefined);
});

test("what was told as a ticket and has become a page is told once more; what was told as one is not, nor what was told before anybody said as which", () => {
  const risen = (as: "ticket" | "page" | undefined) => {
    const one = begin(heard("a", "edge-1"));
    return { ...one, alert: { ...one.alert, severity: "page" as const }, told: [{ route: "ops", state: "firing" as const, at: "2026-01-01T00:00:01.000Z", ...(as === undefined ? {} : { severity: as }) }] };
  };
  assert.deepEqual(owed(risen("ticket"), "ops", true), { state: "firing", hasRisen: true });
  assert.equal(owed(risen("page"), "ops", true), undefined);
  assert.equal(owed(risen(undefined), "ops", true), undefined);
  assert.equal(owed({ ...risen("ticket"), told: [...risen("ticket").told, ...risen("page").told] }, "ops", true), undefined, "once");
});
