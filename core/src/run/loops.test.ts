import assert from "node:assert/strict";
import { test } from "node:test";
import { loopProblem } from "./loops.ts";

const made = (...types: readonly string[]) => Object.fromEntries(types.map((type) => [type, { stream: "local" as const, class: "derived" as const }]));
const app = (...functions: Parameters<typeof loopProblem>[0]["functions"]) => loopProblem({ name: "loop", functions });

test("a function that is for what it makes is named, and so is a round of several; a rate bounds it", () => {
  assert.match(app({ name: "a", on: { type: "l.x" }, emits: made("l.x") }) ?? "", /function a is followed by a: .*`eventsPerSecondMax`/);
  const round = [
    { name: "a", on: { type: "l.x" }, emits: made("l.y") },
    { name: "b", on: { type: "l.y" }, emits: made("m.z", "other") },
    { name: "c", on: { type: "m.*" }, emits: made("l.x") },
  ];
  assert.match(app(...round) ?? "", /function a is followed by b is followed by c is followed by a:/);
  assert.equal(app(...round.slice(0, 2), { name: "c", on: { type: "m.*" }, emits: made("l.x"), eventsPerSecondMax: 10 }), undefined);
  assert.equal(app(...round.slice(0, 2)), undefined);
});

test("state that is followed back to whom it belongs is a round, and an answer to a request is none", () => {
  assert.match(app({ name: "a", on: { state: { function: "a" } }, emits: {} }) ?? "", /function a is followed by a/);
  assert.equal(app({ name: "a", on: { http: { method: "POST", path: "/a", class: "derived" } }, emits: made("holon.response") }), undefined);
});
