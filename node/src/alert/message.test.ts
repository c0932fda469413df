import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "@holon/core/telemetry/alert.ts";
import { messageOf } from "./message.ts";

const alert = (kind: Alert["kind"], subject: string, more: Partial<Alert> = {}): Alert => ({
  id: `${kind}/${subject}`, rule: kind, kind, subject, severity: "ticket", state: "firing", since: "2026-01-01T00:00:00.000Z", until: null, value: 1, threshold: 0, message: `${subject} is not well`, count: 1, site: "plant", ...more,
});
const subjectOf = (...alerts: readonly Alert[]): string => messageOf({ key: "k", route: "mail", node: "cloud-1", items: alerts.map((one) => ({ alert: one, state: "firing" })) }).subject;

test("the subject of a message names what it is about: of several the first, and how many more", () => {
  assert.equal(subjectOf(alert("alarm", "pump-1")), "[ticket] pump-1 is not well");
  assert.equal(subjectOf(alert("alarm", "pump-1"), alert("alarm", "pump-2")), "[ticket] pump-1 is not well, and 1 more at plant");
  const nowhere = { site: undefined, severity: "page" } as const;
  assert.equal(subjectOf(alert("silence", "a", nowhere), alert("silence", "b", nowhere), alert("silence", "c", nowhere)), "[page] a is not well, and 2 more");
  const long = subjectOf(alert("alarm", "x".repeat(300)), alert("alarm", "y"));
  assert.deepEqual([long.length, long.endsWith("x, and 1 more at plant")], [200, true], "how many more there are is never cut off");
});
