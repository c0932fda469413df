import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createAnswerArea, layAnswer, takeAnswer } from "./answer.ts";

test("what is laid is taken, by its own question alone; what is too large is not laid", () => {
  const area = createAnswerArea();
  const tensor = fc.record({ shape: fc.array(fc.nat({ max: 9 }), { maxLength: 4 }), values: fc.array(fc.float(), { maxLength: 40 }).map((list) => Float32Array.from(list)) });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 1e9 }), fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), tensor, { maxKeys: 4, noNullPrototype: true }), (id, outputs) => {
      assert.equal(layAnswer(area, id, outputs), true);
      const names = Object.keys(outputs).filter((name) => name !== "__proto__");
      const taken = takeAnswer(area, id) ?? {};
      for (const name of names) assert.deepEqual([taken[name]?.shape, taken[name]?.values], [outputs[name]?.shape, outputs[name]?.values]);
      assert.equal(takeAnswer(area, id + 1), undefined);
    }),
  );
  assert.equal(layAnswer(area, 7, { y: { shape: [20_000], values: new Float32Array(20_000) } }), false);
  assert.equal(takeAnswer(area, 7), undefined);
});
