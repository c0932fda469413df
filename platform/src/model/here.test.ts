import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "@holon/core/model/dense.ts";
import { freeInputs } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { Tensors } from "@holon/core/ports.ts";
import { createModelsHere, type ModelHere, type OpenDirectly } from "./here.ts";
import type { QuickModel } from "./protocol.ts";
import { loadModelRuntime, nativeName, openDirectly } from "./runtime.ts";
import { createModel } from "../model.ts";

let seed = 1;
const graph = writeOnnx(denseGraph({ name: "dense", layers: [8, 16, 3] }, () => (Math.sin(seed++) + 1) / 2));
const quick: QuickModel = { hash: "dense", inputs: freeInputs(readOnnx(graph, "dense")), outputs: ["y"], runMs: 1 };
const rows = (count: number): Tensors => ({ x: { shape: [count, 8], values: Float32Array.from({ length: 8 * count }, (_, index) => index / 8) } });
const isNative = (await loadModelRuntime(false)).name === nativeName;

/** It is opened apart from who prepares it. */
async function opened(here: ModelHere, inputs: Tensors = rows(1)): Promise<Tensors> {
  for (;;) {
    const outputs = here.run(inputs, {});
    if (outputs !== undefined) return outputs;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Answers with how often it was opened, and says what is open. */
function counted() {
  const open = new Set<string>();
  let opens = 0;
  const openOne: OpenDirectly = async (_, name) => {
    const own = `${name} ${++opens}`;
    open.add(own);
    return { run: () => ({ y: { shape: [1], values: Float32Array.of(opens) } }), release: () => void open.delete(own) };
  };
  return { open, openOne };
}

test("a quick graph is run here as the model worker runs it", { skip: !isNative }, async (context) => {
  const model = createModel();
  context.after(() => model.close());
  const session = await model.load(graph, {});
  const here = createModelsHere().prepare(quick, graph, "dense");
  assert.equal(here.run(rows(1), {}), undefined, "not in the midst of a start");
  const [own, theirs] = [await opened(here), await session.run(rows(1))];
  assert.deepEqual(own["y"]?.shape, theirs["y"]?.shape);
  assert.deepEqual(own["y"]?.values, theirs["y"]?.values);
});

test("the library is made as it is used here", { skip: !isNative }, async () => {
  const session = await openDirectly(graph, "dense", ["y"]);
  assert.deepEqual(session?.run(rows(1))["y"]?.shape, [1, 3]);
  session?.release();
  assert.equal(await openDirectly(new TextEncoder().encode("no graph"), "none", ["y"]), undefined);
});

test("what is larger than what was timed, and what is no input of it, is the worker's to answer", async () => {
  const { openOne } = counted();
  const here = createModelsHere(openOne).prepare(quick, graph, "dense");
  await opened(here);
  assert.equal(here.run(rows(2), {}), undefined);
  assert.equal(here.run({ x: { shape: [1, 7], values: new Float32Array(7) } }, {}), undefined);
  assert.equal(here.run({ x: { shape: [1, 8], values: new Float32Array(8).fill(Number.NaN) } }, {}), undefined);
  assert.equal(here.run({}, {}), undefined);
  assert.deepEqual(here.run({}, rows(1))?.["y"]?.values, Float32Array.of(1), "what is bound fills in");
});

test("what turns out to take many times as long is run here no more", async () => {
  const { open, openOne } = counted();
  let [now, takesMs] = [0, 1];
  const here = createModelsHere(openOne, undefined, () => (now += takesMs)).prepare(quick, graph, "dense");
  await opened(here);
  for (const slow of [100, 100, 100, 1, 100, 100]) {
    takesMs = slow;
    assert.notEqual(here.run(rows(1), {}), undefined);
  }
  takesMs = 100;
  for (let run = 0; run < 10; run++) here.run(rows(1), {});
  assert.equal(here.run(rows(1), {}), undefined);
  assert.equal(open.size, 0);
});

test("one session serves all who use a graph; it stays for the next one, and gives way to another graph only while nobody uses it", async () => {
  const { open, openOne } = counted();
  const models = createModelsHere(openOne, graph.length * 2 + (520 << 10));
  const named = (name: string): ModelHere => models.prepare({ ...quick, hash: name }, graph, name);
  const [one, same] = [named("one"), named("one")];
  await opened(one);
  await opened(same);
  assert.deepEqual([...open], ["one 1"]);
  const two = named("two");
  await opened(two);
  const third = named("three");
  two.release();
  assert.equal(third.run(rows(1), {}), undefined, "all room was in use");
  third.release();
  await opened(named("three"));
  assert.deepEqual([...open], ["one 1", "three 3"]);
  one.release();
  assert.notEqual(same.run(rows(1), {}), undefined);
  same.release();
  await opened(named("one"));
  assert.deepEqual([...open], ["one 1", "three 3"], "as it was left");
});
