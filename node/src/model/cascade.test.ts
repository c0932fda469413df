import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinkBudget } from "@holon/core/link/budget.ts";
import { elementTypes } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { packTensor } from "@holon/core/model/packed.ts";
import type { Tensor } from "@holon/core/ports.ts";
import { createModel } from "@holon/sim/model.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";
import { answerHandler, answerMethod } from "./answer.ts";
import { createCascade, type Cascade, type CascadeOptions } from "./cascade.ts";
import { createModelDecider, type Decider, type RowsOf } from "./decision.ts";

const mine: RowsOf = { told: (own) => own };

/** Scores of two classes from one feature: (factor · x, 0). */
const graphOf = (factor: number): Uint8Array => {
  const value = (name: string, size: number) => ({ name, elementType: elementTypes.float32, shape: ["n", size] });
  return writeOnnx({ name: "sign", opset: 17, nodes: [{ operator: "MatMul", domain: "", inputs: ["x", "w"], outputs: ["y"], attributes: {} }], constants: [{ name: "w", elementType: elementTypes.float32, shape: [1, 2], values: Float32Array.of(factor, 0) }], inputs: [value("x", 1)], outputs: [value("y", 2)] });
};
const deciderOf = async (self: string, factor: number, threshold: number): Promise<Decider> => createModelDecider({ session: await createModel().load(graphOf(factor), {}), self, gate: { temperature: 1, threshold } });
const column = (...values: number[]): Tensor => ({ shape: [values.length, 1], values: Float32Array.from(values) });

async function familyWith(options: Partial<CascadeOptions> = {}, aboveThreshold = 0): Promise<{ family: SimFamily; cascade: Cascade; decide: (...values: number[]) => ReturnType<Decider["decide"]> }> {
  const family = new SimFamily();
  await family.start();
  family.parentNode.handlers.set(answerMethod, answerHandler(new Map([["sign", await deciderOf(parentName, 10, aboveThreshold)]])));
  const clock = { monotonicMs: () => family.world.nowMs };
  const small = await deciderOf(childName, 1, 0.9);
  const cascade = createCascade({ small, above: { model: "sign", ask: (parameters, _, deadlineMs) => family.childNode.calls.call(parentName, answerMethod, parameters, deadlineMs) }, clock, budget: createLinkBudget("free", undefined, 0), deadlineMs: 1_000, ...options });
  return { family, cascade, decide: (...values) => family.world.drive(cascade.decide(column(...values), mine)) };
}

test("what is sure is answered here, the rest above in one call, each row in its place", async () => {
  const { family, cascade, decide } = await familyWith();
  const decided = await decide(5, 0.5, -5, -0.25, 0.125);
  assert.deepEqual(decided.map(({ answeredBy, sure }) => [answeredBy, sure]), [[childName, true], [parentName, true], [childName, true], [parentName, true], [parentName, true]]);
  assert.deepEqual(decided.map(({ scores }) => scores[0]), [5, 5, -5, -2.5, 1.25]);
  assert.ok(Math.abs((decided[1]?.confidence ?? 0) - 1 / (1 + Math.exp(-5))) < 1e-3);
  assert.equal(family.sent(childName, "call", "request").length, 1);
  assert.deepEqual(cascade.status(), { here: 2, above: 3, kept: { cut: 0, bytes: 0, late: 0, refused: 0 }, askedBytes: 16 });
});

test("cut off it answers everything at once and says how sure it is; healed it asks again", async () => {
  const { family, cascade, decide } = await familyWith();
  family.childNode.cutUplink();
  await family.until("the link is down", () => !family.isLinked());
  const atMs = family.world.nowMs;
  const decided = await decide(5, 0.5, -0.25);
  assert.equal(family.world.nowMs, atMs, "nothing is waited for");
  assert.deepEqual(decided.map(({ answeredBy, sure, kept }) => [answeredBy, sure, kept]), [[childName, true, undefined], [childName, false, "cut"], [childName, false, "cut"]]);
  assert.ok(Math.abs((decided[1]?.confidence ?? 0) - 1 / (1 + Math.exp(-0.5))) < 1e-6);
  family.childNode.healUplink();
  await family.until("the link is open", () => family.isLinked());
  assert.equal((await decide(0.5))[0]?.answeredBy, parentName);
  assert.deepEqual(cascade.status().kept, { cut: 2, bytes: 0, late: 0, refused: 0 });
});

test("a link that breaks while it waits, an answer that is late, one that is refused: each is kept, with the reason", async () => {
  const broken = await familyWith();
  const waiting = broken.cascade.decide(column(0.5), mine);
  broken.family.childNode.cutUplink();
  assert.equal((await broken.family.world.drive(waiting))[0]?.kept, "cut");

  const late = await familyWith();
  late.family.parentNode.handlers.set(answerMethod, () => new Promise(() => undefined));
  const startMs = late.family.world.nowMs;
  assert.equal((await late.decide(0.5))[0]?.kept, "late");
  assert.equal(Math.round(late.family.world.nowMs - startMs), 1_000);

  const refused = await familyWith();
  refused.family.parentNode.handlers.set(answerMethod, answerHandler(new Map()));
  assert.equal((await refused.decide(0.5))[0]?.kept, "refused");
  const odd = await familyWith();
  odd.family.parentNode.handlers.set(answerMethod, () => Promise.resolve({ scores: { shape: [9, 2], as: "ones", values: "" }, rows: [] }));
  assert.equal((await odd.decide(0.5))[0]?.kept, "refused");
});

test("over its bytes it keeps what it would ask, and asks again when there are some", async () => {
  const { family, decide } = await familyWith({ budget: createLinkBudget("metered", 600, 0) }); // a bucket of 100 bytes
  const kept: (string | undefined)[] = [];
  for (let turn = 0; turn < 30; turn++) kept.push((await decide(0.5))[0]?.kept);
  assert.deepEqual([...new Set(kept)], [undefined, "bytes"]);
  assert.equal(kept.filter((why) => why === undefined).length, 12, "100 bytes are 12 questions of 8");
  await family.pass(3_600_000);
  assert.equal((await decide(0.5))[0]?.kept, undefined);
});

test("an edge that is not sure itself says so through the gateway", async () => {
  const { decide } = await familyWith({}, 0.999);
  const [decision] = await decide(0.5);
  assert.deepEqual([decision?.answeredBy, decision?.sure], [parentName, false]);
});

test("who passes a question on shares out what the one that asks still waits, not a time of its own", async () => {
  const seen: (number | undefined)[] = [];
  const handler = answerHandler(new Map(), (_request, deadlineMs) => Promise.resolve(seen.push(deadlineMs)));
  await handler({ model: "a/m", x: packTensor({ shape: [1, 1], values: Float32Array.of(1) }) }, childName, 777);
  assert.deepEqual(seen, [777]);
});

test("where control has the large one asked alone the small one is not looked at, but now and then, and where nobody else answers", async () => {
  const { family, cascade, decide } = await familyWith({ skips: true });
  const decided = await decide(5, 0.5);
  assert.deepEqual(decided.map(({ answeredBy, scores }) => [answeredBy, scores[0]]), [[parentName, 50], [parentName, 5]], "the first is what the small one would be sure of");
  assert.deepEqual([cascade.status().direct, cascade.status().above, cascade.status().here], [2, 2, 0]);
  family.childNode.cutUplink();
  await family.until("the link is down", () => !family.isLinked());
  assert.deepEqual((await decide(5, 0.5)).map(({ answeredBy, sure, kept }) => [answeredBy, sure, kept]), [[childName, true, "cut"], [childName, false, "cut"]]);
  family.childNode.healUplink();
  await family.until("the link is open", () => family.isLinked());
  for (let call = 3; call < 32; call++) await decide(5);
  assert.equal((await decide(5))[0]?.answeredBy, childName, "one call of 32");
  const { here, above, kept, direct } = cascade.status();
  assert.deepEqual([here, above, kept.cut, direct], [1, 31, 2, 33]);
});
