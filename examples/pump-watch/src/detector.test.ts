import assert from "node:assert/strict";
import { test } from "node:test";
import { loadEvaluatedModel } from "@holon/core/model/evaluator.ts";
import { pcaFile } from "../models/make.ts";
import { shares } from "./causes.ts";
import { fit, smooth, toInput } from "./detector.ts";
import { symmetricEigen } from "./eigen.ts";
import { quantile } from "./moments.ts";

const model = loadEvaluatedModel(pcaFile(), "pca");
const project = async (inputs: Parameters<typeof model.run>[0]) => model.run(inputs, {});

test("eigenvectors of a symmetric matrix are what the matrix only stretches", () => {
  const matrix = Float64Array.of(4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 1);
  const { values, vectors } = symmetricEigen(matrix, 3);
  assert.deepEqual([...values].sort((a, b) => b - a), values);
  vectors.forEach((vector, index) => {
    for (let row = 0; row < 3; row++) {
      const image = vector.reduce((sum, value, column) => sum + (matrix[row * 3 + column] ?? 0) * value, 0);
      assert.ok(Math.abs(image - (values[index] ?? 0) * (vector[row] ?? 0)) < 1e-12);
    }
  });
});

test("a quantile lies between its neighbours", () => assert.deepEqual([0, 0.25, 0.5, 1].map((part) => quantile([4, 1, 3, 2], part)), [1, 1.75, 2.5, 4]));

/** Two sensors that are nearly one, two others, and 400 rows of them. */
async function learned() {
  let seed = 3;
  const chance = (): number => ((seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) + 0.5) / 4_294_967_296;
  const rows = Array.from({ length: 400 }, () => {
    const common = chance();
    return [common + 0.1 * chance(), 2 * common + 0.1 * chance(), chance(), 100 * chance() - common];
  });
  const { parameters, smoothed } = await fit(rows, 4, project);
  return { rows, parameters, smoothed, origin: parameters["origin"] ?? { shape: [0], values: new Float32Array(0) } };
}

test("one learned row in a hundred lies over a limit", async () => {
  const { rows, parameters, origin } = await learned();
  let level: readonly number[] = [0, 1, 2, 3].map((sensor) => rows.reduce((sum, row) => sum + (row[sensor] ?? 0), 0) / rows.length);
  const smoothed = rows.map((row) => (level = smooth(level, row)));
  const outputs = model.run({ x: toInput(smoothed, origin) }, parameters);
  const over = (name: string, limit: number | undefined): number => [...(outputs[name]?.values ?? [])].filter((value) => value > (limit ?? 0)).length;
  assert.deepEqual([over("t2", parameters["limits"]?.values[0]), over("q", parameters["limits"]?.values[1])], [4, 4]);
});

for (const sensor of [0, 1, 2, 3]) {
  test(`a jump of sensor ${sensor} alone, up or down, is blamed most on it`, async () => {
    const { rows, parameters, smoothed, origin } = await learned();
    const spread = Math.max(...rows.map((row) => row[sensor] ?? 0)) - Math.min(...rows.map((row) => row[sensor] ?? 0));
    for (const factor of [5, -5]) {
      const jumped = toInput([smoothed.map((level, index) => level + (index === sensor ? factor * spread : 0))], origin);
      const parts = shares(jumped.values, parameters);
      assert.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - 1) < 1e-9);
      assert.equal(parts.indexOf(Math.max(...parts)), sensor);
    }
  });
}
