import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "./dense.ts";
import { shapesProblem } from "./declared-shapes.ts";

test("a graph is held to the names and shapes that were declared", () => {
  const graph = denseGraph({ name: "judge", layers: [16, 8, 2] }, () => 0.5);
  assert.equal(shapesProblem({ inputs: { x: [null, 16] }, outputs: { y: [null, 2] } }, graph), undefined);
  assert.equal(shapesProblem({ inputs: { x: [1, 16] }, outputs: {} }, graph), undefined);
  assert.match(shapesProblem({ inputs: { x: [null, 15] }, outputs: {} }, graph) ?? "", /input x of the shape \[\?, 16\], and it is declared as \[\?, 15\]/);
  assert.match(shapesProblem({ inputs: { x: [16] }, outputs: {} }, graph) ?? "", /declared as \[16\]/);
  assert.match(shapesProblem({ inputs: { image: [null, 16] }, outputs: {} }, graph) ?? "", /no input image: it has x/);
  assert.match(shapesProblem({ inputs: {}, outputs: { z: [null, 2] } }, graph) ?? "", /no output z/);
});
