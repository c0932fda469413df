import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { modelContract } from "@holon/sim/contracts/model.ts";
import { createModel } from "./model.ts";

const native = createModel();
const wasm = createModel({ wasmOnly: true });
const inPlace = createModel({ inPlace: true });
after(async () => {
  await native.close();
  await wasm.close();
  await inPlace.close();
});

modelContract("platform", native);
modelContract("platform, WebAssembly only", wasm);
modelContract("platform, small graphs in place", inPlace);

const pca = readFileSync(new URL("../../examples/pump-watch/models/pca.onnx", import.meta.url));
const vector = (...values: number[]) => ({ shape: [values.length], values: Float32Array.from(values) });
const parameters = { mean: vector(0, 0), scale: vector(1, 1), components: { shape: [2, 1], values: Float32Array.of(0.6, 0.8) }, inverseEigenvalues: vector(0.5) };

test("an inference does not hold up the main thread", async () => {
  const session = await native.load(pca, parameters);
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await session.run({ x: { shape: [400_000, 2], values: new Float32Array(800_000).fill(1) } });
  clearImmediate(next);
  assert.ok(turns > 1, `the event loop turned ${turns} times`);
  await session.close();
});

test("calls that wait when the worker ends fail, and the next load starts another", async () => {
  const model = createModel();
  const session = await model.load(pca, parameters);
  const waiting = session.run({ x: { shape: [1, 2], values: Float32Array.of(1, 1) } });
  const failed = assert.rejects(waiting, (error) => error instanceof HolonError && /worker ended/.test(error.message));
  await Promise.all([model.close(), failed]);
  const again = await model.load(pca, parameters);
  const { t2, q } = await again.run({ x: { shape: [1, 2], values: Float32Array.of(1, 1) } });
  assert.ok(Math.abs((t2?.values[0] ?? 0) - 0.98) < 1e-6);
  assert.ok(Math.abs((q?.values[0] ?? 0) - 0.04) < 1e-6);
  await model.close();
});

test("a small graph is done where it is asked for; a call with many rows goes to the worker, and both say the same", async (context) => {
  const model = createModel({ inPlace: true });
  context.after(() => model.close());
  const session = await model.load(pca, parameters);
  assert.equal(await model.status(), undefined, "no worker was needed to load it");
  const few = await session.run({ x: { shape: [2, 2], values: Float32Array.of(3, 4, -1, 2) } });
  assert.equal(await model.status(), undefined, "nor to run it");
  const many = await session.run({ x: { shape: [40_000, 2], values: Float32Array.from({ length: 80_000 }, (_, index) => [3, 4, -1, 2][index % 4] ?? 0) } });
  assert.notEqual(await model.status(), undefined, "many rows did");
  for (const [name, tensor] of Object.entries(few)) for (const [index, value] of tensor.values.entries()) assert.ok(Math.abs((many[name]?.values[index] ?? Number.NaN) - value) <= 1e-5 * Math.max(1, Math.abs(value)), `${name} ${index}`);
  await session.close();
  await assert.rejects(session.run({ x: { shape: [1, 2], values: Float32Array.of(0, 0) } }), (error) => error instanceof HolonError);
});
