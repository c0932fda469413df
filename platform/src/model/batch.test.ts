import assert from "node:assert/strict";
import { after, test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { denseGraph } from "@holon/core/model/dense.ts";
import { elementTypes } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { ModelSession, Tensor } from "@holon/core/ports.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { createModel, type PlatformModel } from "../model.ts";
import { loadModelRuntime } from "./runtime.ts";
import { createSessions, type SharedModel } from "./sessions.ts";

let draws = 1;
const uniform = (): number => (draws = (draws * 48_271) % 2_147_483_647) / 2_147_483_647;
const network = (name: string, layers: readonly number[]): Uint8Array => writeOnnx(denseGraph({ name, layers }, uniform));
const small = network("small", [8, 16, 3]);
const open: PlatformModel[] = [];
const created = (options: Parameters<typeof createModel>[0] = {}): PlatformModel => {
  const model = createModel(options);
  open.push(model);
  return model;
};
after(() => Promise.all(open.map((model) => model.close())));

const rows = (count: number, features = 8): Tensor => ({ shape: [count, features], values: Float32Array.from({ length: count * features }, () => uniform() - 0.5) });
const outputOf = async (session: ModelSession, x: Tensor): Promise<Tensor> => {
  const { y } = await session.run({ x });
  assert.ok(y !== undefined);
  return y;
};

test("calls that come in a crowd give each caller its own rows, as one by one", async () => {
  const session = await created().load(small, {});
  const alone = await created({ batch: { rowsMax: 1 } }).load(small, {});
  const asked = Array.from({ length: 200 }, (_, index) => rows(1 + (index % 3)));
  const [together, expected] = await Promise.all([Promise.all(asked.map((x) => outputOf(session, x))), Promise.all(asked.map((x) => outputOf(alone, x)))]);
  for (const [index, { shape, values }] of expected.entries()) {
    assert.deepEqual(together[index]?.shape, shape);
    values.forEach((value, at) => assert.ok(Math.abs((together[index]?.values[at] ?? NaN) - value) < 1e-5));
  }
});

test("a call in the crowd that does not fit fails alone", async () => {
  const session = await created().load(small, {});
  const good = Array.from({ length: 20 }, () => outputOf(session, rows(1)));
  const bad = assert.rejects(session.run({ x: rows(1, 7) }), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_INPUT_BAD");
  const alsoGood = Array.from({ length: 20 }, () => outputOf(session, rows(1)));
  await Promise.all([...good, bad, ...alsoGood]);
});

test("a value that is no finite number is refused, saying where", async () => {
  const session = await created().load(small, {});
  for (const value of [NaN, Infinity, -Infinity]) {
    const x = rows(2);
    x.values[11] = value;
    await assert.rejects(session.run({ x }), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_INPUT_BAD" && /small.*input x .*no finite number, at 11/.test(error.message));
  }
  await outputOf(session, rows(2));
});

test("callers with parameters of their own do not share a run", async () => {
  const value = (name: string, ...shape: (string | number)[]) => ({ name, elementType: elementTypes.float32, shape });
  const scaled = writeOnnx({ name: "scaled", opset: 17, nodes: [{ operator: "Mul", domain: "", inputs: ["x", "k"], outputs: ["y"], attributes: {} }], constants: [], inputs: [value("x", "n", 1), value("k", 1)], outputs: [value("y", "n", 1)] });
  const model = created();
  const sessions = await Promise.all([2, 3, 5].map((k) => model.load(scaled, { k: { shape: [1], values: Float32Array.of(k) } })));
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => outputOf(sessions[index % 3] ?? assert.fail(), { shape: [1, 1], values: Float32Array.of(index) })));
  assert.deepEqual(answers.map(({ values }) => values[0]), Array.from({ length: 60 }, (_, index) => index * ([2, 3, 5][index % 3] ?? 0)));
  assert.equal((await model.status())?.models, 1);
});

test("users of one graph share its session; the last one takes it along", async () => {
  const model = created();
  assert.equal(await model.status(), undefined);
  const users = await Promise.all([model.load(small, {}), model.load(small, {}), model.load(small, {})]);
  const status = await model.status();
  assert.deepEqual([status?.models, status?.loaded], [1, 1]);
  for (const user of users) await user.close();
  while ((await model.status())?.models !== 0) await new Promise(setImmediate);
});

test("sessions stay within their bytes: the one unused for longest goes, and comes back when it is called", async () => {
  const graphs = ["a", "b", "c"].map((name) => network(name, [64, 2000, 3])); // half a megabyte each, and some beside
  const model = created({ sessionBytesMax: 2 << 20 });
  const sessions: ModelSession[] = [];
  for (const graph of graphs) sessions.push(await model.load(graph, {}));
  const status = await model.status();
  assert.deepEqual([status?.models, status?.loaded, status?.evicted], [3, 2, 1]);
  assert.ok((status?.loadedBytes ?? Infinity) <= 2 << 20);
  const x = rows(1, 64);
  const before = await outputOf(sessions[0] ?? assert.fail(), x);
  for (let turn = 0; turn < 3; turn++) for (const session of sessions) await outputOf(session, x);
  assert.deepEqual(await outputOf(sessions[0] ?? assert.fail(), x), before);
  assert.ok(((await model.status())?.evicted ?? 0) > 3);
});

test("a session that is let go of while work in it is under way stays until that is over", async () => {
  const runtime = await loadModelRuntime(false);
  const sessions = createSessions(() => Promise.resolve(runtime), 1 << 20);
  const acquire = (name: string): Promise<SharedModel> => {
    const graph = network(name, [64, 2000, 3]);
    return sessions.acquire(name, readOnnx(graph, name), graph, name);
  };
  const first = await acquire("first");
  const { y } = await sessions.use(first, "first", async (session) => {
    await acquire("second");
    assert.deepEqual([sessions.status().loaded, sessions.status().evicted], [1, 1]);
    return session.run({ x: new runtime.Tensor("float32", new Float32Array(64), [1, 64]) });
  });
  assert.equal(y?.dims[1], 3);
});

test("a session that is let go of while it is about to run still gives its answers", async () => {
  const model = created({ sessionBytesMax: 1 << 20 }); // room for one
  const session = await model.load(network("running", [64, 2000, 3]), {});
  const x = rows(1, 64);
  const expected = await outputOf(session, x);
  for (let turn = 0; turn < 20; turn++) {
    const loading = { over: false };
    const caller = async (): Promise<void> => {
      while (!loading.over) (await outputOf(session, x)).values.forEach((value, index) => assert.ok(Math.abs(value - (expected.values[index] ?? NaN)) < 1e-4));
    };
    const callers = [caller(), caller(), caller()];
    const other = await model.load(network(`other${turn}`, [64, 2000, 3]), {}).finally(() => (loading.over = true));
    await Promise.all([...callers, outputOf(other, x)]);
    await other.close();
  }
});

test("closing in the midst of runs and loads fails who waits, and ends the thread by itself, again and again", async () => {
  const large = network("large", [64, 800, 800, 3]);
  for (let turn = 0; turn < 15; turn++) {
    const model = createModel();
    const session = await model.load(large, {});
    const asked = Array.from({ length: 20 }, () => session.run({ x: rows(40, 64) }));
    const loading = model.load(network(`late${turn}`, [64, 300, 3]), {});
    if (turn % 3 === 1) await asked[0];
    if (turn % 3 === 2) await session.close();
    const settled = Promise.allSettled([...asked, loading]);
    await model.close();
    assert.ok((await settled).some(({ status }) => status === "rejected"));
    assert.equal(await model.status(), undefined);
  }
});

test("a model that is larger than all may be is refused, and more calls than may wait", async () => {
  const model = created({ sessionBytesMax: 1 << 20, batch: { waitingMax: 50 } });
  await assert.rejects(model.load(network("large", [64, 5000, 3]), {}), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_TOO_LARGE" && /large/.test(error.message));
  const session = await model.load(small, {});
  const asked = await Promise.allSettled(Array.from({ length: 500 }, () => session.run({ x: rows(1) })));
  const refused = asked.filter((one) => one.status === "rejected" && one.reason instanceof HolonError && one.reason.code === "HOLON_MODEL_BUSY");
  assert.ok(refused.length > 0, "some found no room");
  assert.equal(asked.filter(({ status }) => status === "fulfilled").length + refused.length, asked.length);
});
