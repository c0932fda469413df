import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { epochFromChance, isNodeName, type NodeName } from "../units.ts";
import { fromHex } from "./hex.ts";
import type { Mark } from "./log.ts";
import { mergeRun } from "./merge.ts";
import { checkRun, emptyHash, encodeRun, gapRun, lastSequence, lostRanges, parseRunHeader, runBytes, runHashHolds, runMark, runRecords, salvageRun, type RunHeader } from "./run.ts";

const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
const epoch = epochFromChance(new Uint8Array(13));
const origin = ((name: string): NodeName => (isNodeName(name) ? name : assert.fail()))("gateway-1");

interface Run {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

/** Runs of one lane, each after the one before. */
function chain(contents: readonly (readonly string[])[], from?: Mark): readonly Run[] {
  const runs: Run[] = [];
  let mark = from;
  for (const texts of contents) {
    const records = texts.map((text) => new TextEncoder().encode(text));
    const bytes = new Uint8Array(runBytes(origin, records.length, records.reduce((sum, record) => sum + record.length, 0)));
    const content = { origin, stream: "data" as const, epoch, firstSequence: (mark?.sequence ?? 0) + 1, previousHash: mark === undefined ? emptyHash : fromHex(mark.hash), classes: 4, recordedMs: 1000, records };
    encodeRun(bytes, new DataView(bytes.buffer), 0, content, integrity);
    const header = parseRunHeader(bytes, integrity);
    assert.ok(header !== undefined);
    runs.push({ header, bytes });
    mark = runMark(header);
  }
  return runs;
}

const contents = fc.array(fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 });

test("a run comes back as it was written, records, names and chain", () => {
  fc.assert(
    fc.property(contents, (texts) => {
      let sequence = 1;
      for (const [index, { header, bytes }] of chain(texts).entries()) {
        const { records, damaged } = runRecords(bytes, header, integrity);
        assert.deepEqual(records.map((record) => new TextDecoder().decode(record)), texts[index]);
        assert.deepEqual([damaged, header.firstSequence, header.origin, header.stream, header.epoch], [0, sequence, origin, "data", epoch]);
        assert.ok(runHashHolds(bytes, header, integrity));
        sequence = lastSequence(header) + 1;
      }
    }),
  );
});

test("one flipped bit anywhere in a run is mended", () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.nat({ max: 7 }), (texts, at, bit) => {
      const [run] = chain(texts);
      assert.ok(run !== undefined);
      const bytes = Uint8Array.from(run.bytes);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
      const found = checkRun(bytes, integrity);
      assert.deepEqual({ header: found?.header, damaged: found?.damaged }, { header: run.header, damaged: 0 });
      assert.ok(Buffer.from(found?.bytes ?? []).equals(run.bytes));
    }),
  );
});

test("a record that is beyond mending costs itself: the others are salvaged in their place in the chain", () => {
  const texts = ["one", "two", "three"];
  const [run, next] = chain([texts, ["four"]]);
  assert.ok(run !== undefined && next !== undefined);
  const bytes = Uint8Array.from(run.bytes);
  bytes.fill(0, bytes.length - 8, bytes.length - 5); // "two"
  const found = checkRun(bytes, integrity);
  assert.deepEqual([found?.damaged, found?.mended], [1, false]);
  assert.ok(!runHashHolds(bytes, run.header, integrity));
  const salvaged = salvageRun(bytes, run.header, integrity);
  const header = parseRunHeader(salvaged, integrity);
  assert.ok(header !== undefined);
  assert.deepEqual(runRecords(salvaged, header, integrity).records.map((record) => record && new TextDecoder().decode(record)), ["one", undefined, "three"]);
  assert.deepEqual(lostRanges(salvaged, header), [{ first: 2, last: 2 }]);
  assert.equal(mergeRun(undefined, header).outcome, "apply");
  assert.equal(mergeRun(runMark(header), next.header).outcome, "apply");
});

test("whatever is sent, in whatever order and how often, each run is applied once and in order", () => {
  fc.assert(
    fc.property(contents, fc.array(fc.nat(), { maxLength: 60 }), (texts, order) => {
      const runs = chain(texts);
      let mark: Mark | undefined;
      const applied: number[] = [];
      const take = (run: Run | undefined): void => {
        if (run === undefined) return;
        const { outcome } = mergeRun(mark, run.header);
        assert.notEqual(outcome, "fork");
        if (outcome === "apply") {
          applied.push(run.header.firstSequence);
          mark = runMark(run.header);
        }
      };
      for (const index of order) take(runs[index % runs.length]);
      for (const run of runs) take(run);
      assert.deepEqual(applied, runs.map(({ header }) => header.firstSequence));
      assert.deepEqual(mark, runMark(runs.at(-1)?.header ?? assert.fail()));
    }),
  );
});

test("what follows is applied, what is held is a duplicate, what is missing a gap", () => {
  const [one, two, three] = chain([["a", "b"], ["c"], ["d"]]).map(({ header }) => header);
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  assert.equal(mergeRun(undefined, one).outcome, "apply");
  assert.equal(mergeRun(undefined, two).outcome, "gap");
  assert.equal(mergeRun(runMark(one), two).outcome, "apply");
  assert.equal(mergeRun(runMark(one), three).outcome, "gap");
  for (const held of [one, two]) assert.equal(mergeRun(runMark(two), held).outcome, "duplicate");
});

test("another history is a fork: at its first record, after the mark, at the mark and across it", () => {
  const [one, two] = chain([["a", "b"], ["c"]]).map(({ header }) => header);
  const [other, otherNext] = chain([["a", "x"], ["c"]]).map(({ header }) => header);
  const [long] = chain([["a", "b", "c", "d"]]).map(({ header }) => header);
  const [late] = chain([["z"]], { epoch, sequence: 0, hash: "f".repeat(64) }).map(({ header }) => header);
  assert.ok(one && two && other && otherNext && long && late);
  assert.equal(mergeRun(undefined, late).outcome, "fork");
  assert.equal(mergeRun(runMark(one), otherNext).outcome, "fork");
  assert.equal(mergeRun(runMark(one), other).outcome, "fork");
  assert.equal(mergeRun(runMark(one), long).outcome, "fork");
});

test("a gap takes the place of what its sender no longer has, once, and what follows it fits", () => {
  const [one, two, three] = chain([["a", "b"], ["c", "d"], ["e"]]).map(({ header }) => header);
  assert.ok(one && two && three);
  const bytes = gapRun({ ...two, reason: "expired", recordedMs: 1000 }, integrity);
  const gap = parseRunHeader(bytes, integrity);
  assert.ok(gap !== undefined);
  assert.deepEqual(lostRanges(bytes, gap), [{ first: 3, last: 4 }]);
  assert.deepEqual(runRecords(bytes, gap, integrity).records, []);
  assert.equal(mergeRun(undefined, gap).outcome, "gap");
  assert.equal(mergeRun(runMark(one), gap).outcome, "apply");
  assert.equal(mergeRun(runMark(gap), three).outcome, "apply");
  assert.equal(mergeRun(runMark(gap), gap).outcome, "duplicate");
  assert.equal(mergeRun(runMark(two), gap).outcome, "duplicate");
});
