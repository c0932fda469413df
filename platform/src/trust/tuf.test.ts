import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { trustContract } from "@holon/sim/contracts/trust.ts";
import { TufBench } from "../testing/tuf-bench.ts";
import { createTrustTuf } from "./tuf.ts";

trustContract("platform", async () => {
  const bench = await TufBench.open();
  return { trust: createTrustTuf("none"), files: () => bench.files(), publish: (...options) => bench.publish(...options), rotate: (...options) => bench.rotate(...options) };
});

test("whatever becomes of metadata on the way, it is refused with a code or says what was signed", async () => {
  const bench = await TufBench.open();
  const signed = { hash: "a".repeat(64), lengthBytes: 5 };
  await bench.publish({ a: signed });
  const root = bench.files().get("1.root.json") ?? new Uint8Array();
  const trust = createTrustTuf("none");
  const names = [...bench.files().keys()].filter((name) => name !== "1.root.json");
  let refusals = 0;
  const change = fc.record({ name: fc.constantFrom(...names), at: fc.nat(), with: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constantFrom(...["{", "]", "null", "1e999", '"\\u0000"', '"__proto__":{},'].map((text) => new TextEncoder().encode(text)))), cut: fc.nat(64) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const files = new Map(bench.files());
      for (const { name, at, with: bytes, cut } of changes) {
        const before = files.get(name) ?? new Uint8Array();
        const place = before.length === 0 ? 0 : at % before.length;
        files.set(name, new Uint8Array(Buffer.concat([before.subarray(0, place), bytes, before.subarray(place + cut)])));
      }
      const { problem, targets } = await trust.verify({ trusted: new Map([["root.json", root]]), targets: ["a", "b"], atMs: undefined, fetch: (file) => Promise.resolve(files.get(file)) });
      if (problem === undefined) assert.deepEqual([...targets], [["a", signed]]);
      else refusals += 1;
    }),
    { numRuns: 300 },
  );
  assert.ok(refusals > 100, `${refusals} of 300 were refused`);
});
