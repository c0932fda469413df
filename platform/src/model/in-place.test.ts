/** What a small model answers at once is what it answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "@holon/core/model/dense.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { limits } from "@holon/core/limits.ts";
import type { ModelSession } from "@holon/core/ports.ts";
import { loadInPlace } from "./in-place.ts";

let weights = 0;
const graph = writeOnnx(denseGraph({ name: "judge", layers: [2, 8, 3] }, () => Math.sin(weights++)));
const rows = (count: number) => ({ x: { shape: [count, 2], values: Float32Array.from({ length: 2 * count }, (_, index) => Math.cos(index)) } });
const asked = { inputs: ["x"], outputs: ["y"], run: () => Promise.resolve({ y: { shape: [0, 3], values: new Float32Array(0) } }), close: () => Promise.resolve() } satisfies ModelSession;

test("before the call returns, the same as later; undefined where somebody else has to be asked", async () => {
  const session = loadInPlace(graph, {}, () => Promise.resolve(asked));
  assert.ok(session?.runNow);
  const now = session.runNow(rows(4));
  assert.ok(now?.["y"]?.values.every(Number.isFinite));
  assert.deepEqual(await session.run(rows(4)), now);
  const tooMany = rows(limits.modelInPlaceWork);
  assert.equal(session.runNow(tooMany), undefined);
  assert.equal((await session.run(tooMany))["y"]?.shape[0], 0, "the worker was asked");
  assert.equal(session.runNow({ other: rows(1).x }), undefined, "who is asked says why");
  await session.close();
  assert.equal(session.runNow(rows(1)), undefined);
});
