import assert from "node:assert/strict";
import { test } from "node:test";
import { pastText } from "./past-text.ts";

test("what is over is named by what it was, without its times", () => {
  assert.equal(pastText({ kind: "silence", rule: "silence", subject: "edge-1" }), "edge-1 was silent");
  assert.equal(pastText({ kind: "alarm", rule: "gateway-1/pump.alert", subject: "hall-1/pump-1", node: "gateway-1" }), "pump.alert of hall-1/pump-1 at gateway-1");
  assert.equal(pastText({ kind: "alarm", rule: "gateway-1/holon.node.held", subject: "gateway-1", node: "gateway-1" }), "holon.node.held at gateway-1");
  assert.equal(pastText({ kind: "latency", rule: "pump-watch/quick", subject: "plant" }), "pump-watch/quick burned its error budget too fast in plant");
});
