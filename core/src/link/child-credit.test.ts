import assert from "node:assert/strict";
import { test } from "node:test";
import { createChildCredit } from "./child-credit.ts";

test("what is granted on asking goes back when it is not used, also where credit that nobody asked for came first", () => {
  const credit = createChildCredit();
  credit.granted([100, 10]);
  assert.deepEqual(credit.takeUnused(), [0, 0], "given unasked: it may be kept");
  assert.equal(credit.asks("data", 400), true);
  credit.granted([150, 10]); // on its way before the parent heard the ask
  credit.granted([400, 10]);
  credit.spend(100, 0);
  assert.deepEqual(credit.takeUnused(), [200, 0]);
  assert.deepEqual(credit.takeUnused(), [0, 0]);
  credit.granted([500, 10]);
  assert.deepEqual(credit.takeUnused(), [0, 0], "given unasked again");
});

test("an answer that comes when there is nothing more to send goes back", () => {
  const credit = createChildCredit();
  credit.granted([0, 0]);
  credit.asks("data", 300);
  assert.deepEqual(credit.takeUnused(), [0, 0]);
  credit.granted([300, 0]);
  assert.deepEqual(credit.takeUnused(), [300, 0]);
});

test("an answer goes back also where credit that nobody asked for came first and was enough", () => {
  const credit = createChildCredit();
  credit.granted([100, 0]);
  credit.spend(100, 0);
  credit.asks("data", 300);
  credit.granted([200, 0]); // on its way before the parent heard the ask
  credit.spend(60, 0);
  assert.deepEqual(credit.takeUnused(), [40, 0]);
  credit.granted([400, 0]);
  assert.deepEqual(credit.takeUnused(), [200, 0]);
  credit.granted([450, 0]);
  assert.deepEqual(credit.takeUnused(), [0, 0], "given unasked again");
});
