import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { parseSeedRecord, seedSums } from "./seed-record.ts";

const line = (seed: number, more: object = {}): string =>
  `${JSON.stringify({ scenario: "clone", seed, worlds: 1, acknowledged: 10, delivered: 9, expiredByRule: 1, damagedReported: 0, lost: 0, duplicated: 0, reordered: 0, convergedMs: 50 * seed, traceHash: "ab", violations: [], ...more })}\n`;

test("a record that was cut short at any place is what stands before its last line", () => {
  const text = line(1) + line(2, { again: "same" });
  for (let length = 0; length <= text.length; length++) {
    const { done, whole } = parseSeedRecord(text.slice(0, length), "record");
    assert.deepEqual(done.map(({ seed }) => seed), length === text.length ? [1, 2] : length >= line(1).length ? [1] : []);
    assert.ok(text.startsWith(whole) && (whole === "" || whole.endsWith("\n")));
  }
});

test("a line that is none is told with its number, wherever it stands", () => {
  for (const wrong of ["no JSON\n", "{}\n", line(2, { lost: -1 }), "\n"]) {
    assert.throws(() => parseSeedRecord(line(1) + wrong + line(3), "record"), (error) => error instanceof HolonError && error.code === "HOLON_ARGUMENT_BAD" && error.message.includes("line 2 of record"));
  }
});

test("sums are of each scenario, with the share of seeds that ran twice and how many of them were the same", () => {
  const { done } = parseSeedRecord(line(1) + line(20, { again: "same" }) + line(40, { again: "differs", violations: ["two runs differ"] }) + line(1, { scenario: "disk-full", convergedMs: null, lost: 2 }), "record");
  const { clone, "disk-full": full } = seedSums(done);
  assert.deepEqual([clone?.seeds, clone?.acknowledged, clone?.delivered, clone?.seedsRunTwice, clone?.tracesEqual, clone?.convergedMsMax], [3, 30, 27, 2, 1, 2_000]);
  assert.deepEqual(clone?.violations, ["seed 40: two runs differ"]);
  assert.deepEqual([full?.seeds, full?.lost, full?.convergedMsMax], [1, 2, null]);
});
