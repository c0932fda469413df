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

test("a model that control cuts says of each part what a row takes there, and its end is placed", () => {
  const needs = { tiers: ["cloud"] };
  const auto = { ms: [1, 2, 3], bytes: [4, 5, 6] };
  const parts = [{ name: "a", split: { above: "b", auto } }, { name: "b", split: { above: "c" }, answers, needs }, { name: "c", answers, needs }];
  assert.equal(cascadeProblem(parts), undefined);
  const changed = (index: number, more: object) => parts.map((part, at) => (at === index ? { ...part, ...more } : part));
  assert.match(cascadeProblem(changed(0, { split: { above: "b", auto: { ...auto, ms: [1, 2] } } })) ?? "", /model a has 3 parts to its end, and `auto` has 2 times and 3 sizes/);
  assert.match(cascadeProblem(changed(2, { needs: undefined })) ?? "", /so its end c has needs/);
  assert.match(cascadeProblem(changed(1, { needs: undefined })) ?? "", /of which b is a part: parts behind the head have the needs of the end/);
  assert.match(cascadeProblem([...parts, { name: "z", cascade: { above: "a" } }].map((part) => (part.name === "a" ? { ...part, answers } : part))) ?? "", /which is asked by another/);
  assert.match(cascadeProblem([{ name: "small", cascade: { above: "c", auto: {} } }, { name: "c", answers }]) ?? "", /so c has needs, and asks nobody/);
  assert.equal(cascadeProblem([{ name: "small", cascade: { above: "c", auto: {} } }, { name: "c", answers, needs }]), undefined);
});
