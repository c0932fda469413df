import assert from "node:assert/strict";
import { test } from "node:test";
import { whoOf } from "./event.ts";

test("who did something is told in words, also where somebody asked for it elsewhere or another approved it", () => {
  assert.equal(whoOf({ by: "person vera" }), "person vera");
  assert.equal(whoOf({ who: "token machine" }), "token machine");
  assert.equal(whoOf({ principal: "node edge-1" }), "node edge-1");
  assert.equal(whoOf({ by: { principal: "person vera", role: "operator", at: "cloud-1" } }), "person vera at cloud-1");
  assert.equal(whoOf({ by: { principal: "person otto", role: "owner", approvedBy: "person olga", at: "cloud-1" } }), "person otto at cloud-1, approved by person olga");
  assert.equal(whoOf({ by: { kind: "person", name: "vera" } }), '{"kind":"person","name":"vera"}');
  assert.equal(whoOf({}), "");
});
