/** What is taken apart by hand is what the schema takes, to the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { plainResult } from "./plain-result.ts";
import { parseBySchema, parseUnitResult } from "./result.ts";

const output = { type: "out.made", subject: "m-1", timeMs: 1, data: { n: 1 }, cause: 0 };
const whole = { outputs: [output], state: [], status: "well", inferenceMs: [], inferences: {} };
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

/** Values that are wrong somewhere, or nearly. */
const odd = fc.constantFrom<unknown>(undefined, null, -1, 0, 1, 0.5, 2 ** 53, 1e300, "", "a", "A.b", "out.made", "x".repeat(129), `a${"b".repeat(127)}`, "s".repeat(256), "s".repeat(257), true, [], {}, [1], [output], { a: 1 }, 8.64e15, -62_167_219_200_000, -62_167_219_200_001, deep(limits.payloadDepthMax), deep(limits.payloadDepthMax + 1));
const changed = (of: object, keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 2 }).map((more) => ({ ...of, ...more }));
const outputs = fc.array(changed(output, ["type", "subject", "timeMs", "data", "cause", "other"]), { maxLength: 3 });
const results = fc.tuple(changed(whole, ["outputs", "state", "status", "inferenceMs", "inferences", "shared", "calls", "other", "__proto__"]), fc.option(outputs, { nil: undefined })).map(([result, made]) => JSON.parse(JSON.stringify(made === undefined ? result : { ...result, outputs: made })) as unknown);

test("whatever it takes the schema takes, and makes the same of it", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(results, odd), fc.integer({ min: 0, max: 2 }), (json, batchLength) => {
      const plain = plainResult(json, batchLength);
      if (plain === undefined) return;
      taken += 1;
      assert.deepEqual(parseBySchema(json, [], batchLength), plain);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(taken > 50, `${taken}`);
});

test("what it leaves to the schema is said by that", () => {
  assert.deepEqual(plainResult(whole, 1)?.outputs, [output]);
  assert.equal(parseUnitResult(JSON.stringify({ ...whole, outputs: [{ ...output, cause: 1 }] }), [], 1), "an output names a cause outside its batch");
  assert.equal(parseUnitResult(JSON.stringify({ ...whole, outputs: [{ ...output, type: "No" }] }), [], 1), "its result does not fit at outputs.0.type");
  const kept = { ...whole, state: [{ key: "a", value: "1" }] };
  assert.deepEqual([plainResult(kept, 1), parseUnitResult(JSON.stringify(kept), [], 1)], [undefined, { ...whole, state: kept.state, fitted: [] }]);
  assert.equal(parseUnitResult(JSON.stringify(whole), "no fitted", 1), "its fitted parameters do not fit at the top");
});
