/** A model in parts: its head on the child, its tail on the parent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cutGraph, cutPoints } from "@holon/core/model/cut.ts";
import { denseGraph } from "@holon/core/model/dense.ts";
import { loadEvaluatedModel } from "@holon/core/model/evaluator.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { HolonNode } from "../node.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";

let seed = 3;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
const layers = [12, 10, 2, 8, 3];
const whole = denseGraph({ name: "net", layers }, uniform);
const point = (at: number, graph = whole) => cutPoints(graph)[at] ?? assert.fail();
const narrow = cutPoints(whole).findIndex(({ nodes }) => nodes > 3);
const first = cutGraph(whole, point(narrow), [2]);
const second = cutGraph(first.tail, point(1, first.tail), [8]);
const rows = (count: number) => ({ shape: [count, 12], values: Float32Array.from({ length: count * 12 }, () => uniform()) });
const release = { class: "derived", because: "two numbers of a row" };

class Bed {
  readonly family = new SimFamily();
  #version = 0;

  static async open(child: readonly Part[], parent: readonly Part[], egress: readonly object[] = [{ class: "derived" }]): Promise<Bed> {
    const bed = new Bed();
    await bed.family.start();
    await bed.deploy(bed.family.childNode, child, egress);
    await bed.deploy(bed.family.parentNode, parent, []);
    return bed;
  }

  async deploy(node: HolonNode, parts: readonly Part[], egress: readonly object[], more: object = {}): Promise<void> {
    const { world } = this.family;
    const version = ++this.#version;
    const models: object[] = [];
    for (const { graph, ...model } of parts) models.push({ ...model, graph: await world.drive(node.blobs.put(writeOnnx(graph))) });
    const apps = [appDocumentSchema.parse({ name: "app", functions: [], models, egress })];
    await world.drive(node.log.append({ cells: [{ key: `desired/${node.config.name}`, value: new TextEncoder().encode(JSON.stringify({ apiVersion: "holon/v1", kind: "Desired", node: node.config.name, version, plan: "", apps, ...more })) }] }));
    await this.family.until("it is settled", () => node.status().agent.version === version);
  }

  decide = (x: ReturnType<typeof rows>) => this.family.world.drive(this.family.childNode.decide("app", "head", x));
}
type Part = { readonly name: string; readonly graph: typeof whole } & Readonly<Record<string, unknown>>;
const head: Part = { name: "head", graph: first.head, split: { above: "tail", release } };
const tail = (more: object = {}): Part => ({ name: "tail", graph: first.tail, ...more });
const scoresOf = (x: ReturnType<typeof rows>): readonly number[][] => {
  const { values } = Object.values(loadEvaluatedModel(writeOnnx(whole), "whole").run({ [whole.inputs[0]?.name ?? ""]: x }, {}))[0] ?? assert.fail();
  return Array.from({ length: x.shape[0] ?? 0 }, (_, row) => [...values.subarray(row * 3, (row + 1) * 3)]);
};

test("the head's values go up in place of the rows, and the answers are those of the whole; cut off the tail is run here", async () => {
  const bed = await Bed.open([head, tail()], [tail({ answers: { tier: "edge" } })]);
  const x = rows(7);
  const decided = await bed.decide(x);
  assert.deepEqual(decided.map(({ scores }) => [...scores]), scoresOf(x));
  assert.deepEqual([...new Set(decided.map(({ answeredBy, kept }) => `${answeredBy} ${kept}`))], [`${parentName} undefined`]);
  const asked = bed.family.sent(childName, "call", "request").map(({ frame }) => new TextDecoder().decode(frame.payload)).filter((text) => text.includes("app/tail"));
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? "", /"shape":\[7,2\]/);

  bed.family.childNode.cutUplink();
  await bed.family.until("the link is down", () => !bed.family.isLinked());
  const alone = await bed.decide(x);
  assert.deepEqual(alone.map(({ scores }) => [...scores]), scoresOf(x));
  assert.deepEqual([...new Set(alone.map(({ answeredBy, kept }) => `${answeredBy} ${kept}`))], [`${childName} cut`]);
  const status = bed.family.childNode.status().models.find(({ model }) => model === "app/head");
  assert.deepEqual([status?.above, status?.here, status?.kept?.cut, (status?.askedBytes ?? 0) > 0], [7, 0, 7, true]);
});

test("where the tail stands on the same node nothing goes anywhere; without a rule nothing leaves", async () => {
  const beside = await Bed.open([head, tail({ answers: { tier: "gateway" } })], []);
  const x = rows(4);
  assert.deepEqual((await beside.decide(x)).map(({ scores }) => [...scores]), scoresOf(x));
  assert.equal(beside.family.childNode.status().models.find(({ model }) => model === "app/head")?.here, 4);
  const refused = await Bed.open([head, tail()], [tail({ answers: { tier: "edge" } })], [{ class: "aggregate" }]);
  assert.deepEqual((await refused.decide(x)).map(({ kept, scores }) => [kept, ...scores]), scoresOf(x).map((scores) => ["refused", ...scores]));
});

test("a model in three parts gives what the whole gives, with and without the ends", async () => {
  const middle: Part = { name: "tail", graph: second.head, split: { above: "end", release }, answers: { tier: "edge" } };
  const end: Part = { name: "end", graph: second.tail, answers: { tier: "cloud" } };
  const bed = await Bed.open([head, middle, end], [middle, end]);
  const x = rows(5);
  const decided = await bed.decide(x);
  assert.deepEqual(decided.map(({ scores }) => [...scores]), scoresOf(x));
  assert.deepEqual([...new Set(decided.map(({ answeredBy }) => answeredBy))], [parentName]);
  bed.family.childNode.cutUplink();
  await bed.family.until("the link is down", () => !bed.family.isLinked());
  assert.deepEqual((await bed.decide(x)).map(({ scores, answeredBy }) => [answeredBy, ...scores]), scoresOf(x).map((scores) => [childName, ...scores]));
});

test("so many parts are run here as control says, and the rest is asked of whoever has the end; said anew it is cut anew", async () => {
  const needs = { tiers: ["edge", "cloud"] };
  const auto = { ms: [1, 1, 1], bytes: [8, 32, 12] };
  const parts: readonly Part[] = [
    { name: "head", graph: first.head, split: { above: "tail", release, auto } },
    { name: "tail", graph: second.head, split: { above: "end", release }, answers: {}, needs },
    { name: "end", graph: second.tail, answers: {}, needs },
  ];
  const spare = ["app/end", "app/tail"];
  const bed = await Bed.open(parts, parts.slice(1));
  const x = rows(6);
  /** What crossed in the last question, and who answered. */
  const told = async (here: number): Promise<readonly unknown[]> => {
    await bed.deploy(bed.family.childNode, parts, [{ class: "derived" }], { spare, stages: { "app/head": here } });
    const before = bed.family.sent(childName, "call", "request").length;
    const decided = await bed.decide(x);
    assert.deepEqual(decided.map(({ scores }) => [...scores]), scoresOf(x));
    const asked = bed.family.sent(childName, "call", "request").slice(before).map(({ frame }) => new TextDecoder().decode(frame.payload)).filter((text) => text.includes("model.answer") || text.includes("app/"));
    return [asked.map((text) => /"(app\/\w+)"/.exec(text)?.[1]), asked.map((text) => /"shape":\[7?6?,(\d+)\]/.exec(text)?.[1]), [...new Set(decided.map(({ answeredBy }) => answeredBy))]];
  };
  assert.deepEqual(await told(1), [["app/tail"], ["2"], [parentName]]);
  assert.deepEqual(await told(2), [["app/end"], ["8"], [parentName]]);
  assert.deepEqual(await told(3), [[], [], [childName]]);
  assert.equal(bed.family.childNode.status().models.find(({ model }) => model === "app/head")?.here, 6);
  assert.deepEqual(await told(1), [["app/tail"], ["2"], [parentName]]);
});

test("a tail with needs, which every node with the head has too, answers only where it is placed", async () => {
  const placed = tail({ answers: {}, needs: { tiers: ["edge", "cloud"] } });
  const bed = await Bed.open([head, placed], [placed]);
  await bed.deploy(bed.family.childNode, [head, placed], [{ class: "derived" }], { spare: ["app/tail"] });
  assert.deepEqual([...new Set((await bed.decide(rows(3))).map(({ answeredBy }) => answeredBy))], [parentName]);
});
