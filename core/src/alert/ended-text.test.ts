import assert from "node:assert/strict";
import { test } from "node:test";
import { alertKinds } from "../schema/alerting.ts";
import { endedText } from "./ended-text.ts";

const [since, until] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:10:00.000Z"];

test("what is over is said as over, of every kind", () => {
  const said = alertKinds.map((kind) => endedText({ kind, rule: "pumps/quick", subject: "gateway-1", since, until, message: kind === "alarm" ? "pump.alert of valve at gateway-1" : "gateway-1 is over its bound" }));
  for (const text of said) {
    assert.match(text, new RegExp(`from ${since} to ${until}`));
    assert.doesNotMatch(text, /\bis (?!over:)|\bburns\b/, text);
  }
  assert.equal(said[0], `gateway-1 was silent from ${since} to ${until}`);
});
