import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "./dense.ts";
import { isTimedByShapes } from "./timed-by-shapes.ts";

test("a graph whose run takes as long as the values in it say is none that one run says it of", () => {
  const dense = denseGraph({ name: "dense", layers: [4, 3, 2] }, () => 0.5);
  assert.equal(isTimedByShapes(dense), true);
  const also = (operator: string, domain = "") => isTimedByShapes({ ...dense, nodes: [...dense.nodes, { operator, domain, inputs: ["y"], outputs: ["z"], attributes: {} }] });
  for (const operator of ["Conv", "Softmax", "DynamicQuantizeLinear", "MatMulInteger"]) assert.equal(also(operator), true, operator);
  for (const operator of ["Loop", "Scan", "If", "Range", "Expand", "ConstantOfShape", "Tile", "NonZero", "NotYetKnown"]) assert.equal(also(operator), false, operator);
  assert.equal(also("Conv", "com.example"), false);
});
