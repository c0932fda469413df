import assert from "node:assert/strict";
import { test } from "node:test";
import { createCounted } from "./counted.ts";
import { limits } from "./limits.ts";

/** Time is passed by hand: all that waits is over. */
function open() {
  const waiting = new Set<() => void>();
  const told: string[] = [];
  const after = (_: number, callback: () => void) => {
    waiting.add(callback);
    return { cancel: () => void waiting.delete(callback) };
  };
  const pass = (): void => {
    const due = [...waiting];
    waiting.clear();
    for (const callback of due) callback();
  };
  return { counted: createCounted<string>({ after }, (what, count) => told.push(`${what} ${count}`)), told, waiting, pass };
}

test("the first of a kind is told at once, the rest as the last of them with their number, and then it is news again", () => {
  const { counted, told, waiting, pass } = open();
  for (const what of ["one", "two", "three"]) counted.came("a", what);
  counted.came("b", "other");
  assert.deepEqual(told, ["one 1", "other 1"]);
  pass();
  assert.deepEqual(told.slice(2), ["three 2"], "nothing of what came once");
  counted.came("a", "four");
  counted.came("a", "five");
  counted.close();
  assert.deepEqual([told.slice(3), waiting.size], [["four 1", "five 1"], 0]);
});

test("however many kinds come, so many are kept, and the others are told as one", () => {
  const { counted, told, waiting } = open();
  for (const index of Array.from({ length: 3 * limits.refusalsToldMax }).keys()) counted.came(`kind ${index}`, `${index}`);
  assert.equal(waiting.size, limits.refusalsToldMax + 1);
  counted.came("kind 0", "again");
  counted.close();
  assert.deepEqual(told.slice(-2), ["again 1", `${3 * limits.refusalsToldMax - 1} ${2 * limits.refusalsToldMax - 1}`]);
});
