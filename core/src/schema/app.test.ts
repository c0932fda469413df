import assert from "node:assert/strict";
import { test } from "node:test";
import { appManifestSchema, emitsSchema } from "./app.ts";

const withSource = (more: object) => appManifestSchema.safeParse({ name: "small", sources: [{ kind: "mqtt", name: "devices", type: "device.message", ...more }] });

test("a source may name the stream of what a device judged itself, and never of what is raw or personal", () => {
  for (const stream of ["alarm", "data", "telemetry"]) {
    assert.equal(withSource({ class: "derived", stream }).success, true, stream);
    for (const own of [{}, { class: "raw" }, { class: "personal" }]) assert.equal(withSource({ ...own, stream }).success, false, `${JSON.stringify(own)} ${stream}`);
  }
  assert.equal(withSource({ stream: "local" }).success, true);
  assert.equal(withSource({ class: "derived", stream: "audit" }).success, false, "the trail is the node's own");
});

test("names that nodes say themselves are nobody else's, but for the answer to a request", () => {
  const emits = (...types: readonly string[]) => emitsSchema.safeParse(Object.fromEntries(types.map((type) => [type, { stream: "local", class: "derived" }])));
  assert.equal(emits("pump.alarm", "holonic.x", "holon.response").success, true);
  for (const type of ["holon", "holon.unit.held", "holon.responses"]) assert.match(emits("pump.alarm", type).error?.issues[0]?.message ?? "", /begin with `holon\.`/, type);
  assert.equal(withSource({ type: "holon.node.inventory" }).success, false);
});
