import assert from "node:assert/strict";
import { test } from "node:test";
import { fitGrantSchema, ungranted, type FitPlace } from "./grant.ts";

const graph = "a".repeat(64);
const tensor = (...shape: number[]) => ({ shape, values: new Float32Array(shape.reduce((count, extent) => count * extent, 1)) });
const fit = fitGrantSchema.parse({ by: ["judge"], tensors: { mean: [8], components: [8, 3] } });
const place: FitPlace = { app: "pump", function: "judge", node: "gateway-1", models: [{ name: "pca", graph, fit }, { name: "plain", graph }] };
const own = { producer: "node", node: "gateway-1", unit: "pump/judge", graph } as const;
const parameters = { mean: tensor(8), components: tensor(8, 2) };

test("what the manifest grants, in whole, is used; whatever differs in one point is not, and that is named", () => {
  assert.equal(ungranted({ model: "pca", parameters }, own, place), undefined);
  const cases: readonly (readonly [Parameters<typeof ungranted>, RegExp])[] = [
    [[{ model: "plain", parameters }, own, place], /grants nobody/],
    [[{ model: "other", parameters }, own, place], /grants nobody/],
    [[{ model: "pca", parameters }, { ...own, unit: "pump/other" }, { ...place, function: "other" }], /grants judge to fit it, and not other/],
    [[{ model: "pca", parameters }, { ...own, unit: "pump/other" }, place], /fitted by pump\/other/],
    [[{ model: "pca", parameters }, { ...own, node: "gateway-2" }, place], /on gateway-2, and gateway-1 uses its own alone/],
    [[{ model: "pca", parameters }, { ...own, producer: "round" }, place], /are of a round/],
    [[{ model: "pca", parameters }, { ...own, producer: "publisher" }, place], /are of a publisher/],
    [[{ model: "pca", parameters }, { ...own, graph: "b".repeat(64) }, place], /fitted for graph bbbb/],
    [[{ model: "pca", parameters }, { ...own, graph: undefined }, place], /fitted for graph unknown/],
    [[{ model: "pca", parameters: { ...parameters, more: tensor(1) } }, own, place], /they have another tensor/],
    [[{ model: "pca", parameters: { ...parameters, constructor: tensor(1) } }, own, place], /they have another tensor/],
    [[{ model: "pca", parameters: { ...parameters, mean: tensor(9) } }, own, place], /grants mean up to 8, and it is larger/],
    [[{ model: "pca", parameters: { ...parameters, mean: tensor(2, 4) } }, own, place], /grants mean up to 8, and it is larger or of other dimensions/],
  ];
  for (const [asked, saying] of cases) assert.match(ungranted(...asked) ?? "granted", saying);
});

test("a function that moves takes along what it fitted elsewhere, where that is granted, and nobody else's", () => {
  const moving: FitPlace = { ...place, models: [{ name: "pca", graph, fit: { ...fit, anyNode: true } }] };
  assert.equal(ungranted({ model: "pca", parameters }, { ...own, node: "gateway-2" }, moving), undefined);
  assert.match(ungranted({ model: "pca", parameters }, { ...own, node: "gateway-2", unit: "pump/other" }, moving) ?? "", /fitted by pump\/other/);
});

test("parameters of a round are used on any node, where they are granted", () => {
  const rounds: FitPlace = { ...place, models: [{ name: "pca", graph, fit: { ...fit, producers: ["round"] } }] };
  assert.equal(ungranted({ model: "pca", parameters }, { producer: "round", graph }, rounds), undefined);
  assert.match(ungranted({ model: "pca", parameters }, own, rounds) ?? "", /are of a node/);
});
