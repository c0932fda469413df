import assert from "node:assert/strict";
import { test } from "node:test";
import { cascadeProblem } from "./model-use.ts";

const answers = { tier: "cloud" };

test("a cascade leads up to a model that answers, and never comes back", () => {
  assert.equal(cascadeProblem([{ name: "small", cascade: { above: "mid" } }, { name: "mid", cascade: { above: "large" }, answers }, { name: "large", answers }]), undefined);
  assert.match(cascadeProblem([{ name: "small", cascade: { above: "large" } }]) ?? "", /large, which the app does not have/);
  assert.match(cascadeProblem([{ name: "small", cascade: { above: "large" } }, { name: "large" }]) ?? "", /large, which does not say where/);
  assert.match(cascadeProblem([{ name: "a", cascade: { above: "b" }, answers }, { name: "b", cascade: { above: "a" }, answers }]) ?? "", /comes back to a/);
  assert.match(cascadeProblem([{ name: "a", cascade: { above: "a" }, answers }]) ?? "", /comes back to a/);
});
