import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "@holon/core/limits.ts";
import { sendHalving, type Halved } from "./halving.ts";

test("whatever is bad, the others go once and in order, and what was through does not go again when it is ended in between", async () => {
  const some = fc.record({ count: fc.integer({ min: 1, max: 80 }), bad: fc.uniqueArray(fc.nat(79), { maxLength: 5 }), breaks: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }) });
  await fc.assert(
    fc.asyncProperty(some, async ({ count, bad, breaks }) => {
      const entries = Array.from({ length: count }, (_, index) => index);
      const wrong = new Set(bad.filter((one) => one < count));
      const taken: number[] = [];
      const aside: number[] = [];
      let through = -1;
      const halved: Halved = { bad: undefined };
      for (const lasts of [...breaks, Infinity]) {
        let left = lasts;
        const isDone = await sendHalving(entries.filter((one) => one > through), {
          send: (part) => {
            if (left-- <= 0) return Promise.reject(new Error("away"));
            if (part.some((one) => wrong.has(one))) return Promise.resolve("bad");
            taken.push(...part);
            return Promise.resolve("taken");
          },
          through: (entry) => Promise.resolve(void (through = entry)),
          aside: (part) => void aside.push(...part),
        }, halved).then(() => true, () => false);
        if (isDone) break;
      }
      assert.deepEqual(taken, entries.filter((one) => !wrong.has(one)));
      assert.deepEqual(aside, [...wrong].sort((a, b) => a - b));
    }),
  );
});

test("a collector that calls everything bad is asked so often and no more", async () => {
  const entries = Array.from({ length: 1_000 }, (_, index) => index);
  let requests = 0;
  let aside = 0;
  await sendHalving(entries, { send: () => Promise.resolve(((requests += 1), "bad" as const)), through: () => Promise.resolve(), aside: (part) => void (aside += part.length) }, { bad: undefined });
  assert.equal(aside, 1_000);
  assert.ok(requests >= limits.otlpHalvingsMax && requests < 2 * limits.otlpHalvingsMax, String(requests));
});
