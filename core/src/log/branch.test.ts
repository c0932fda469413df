import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { epochFromChance } from "../units.ts";
import { branchOf, branchStart, isBranch, stampRun } from "./branch.ts";
import { parseLaneName } from "./identity.ts";
import type { Lane } from "./log.ts";
import { mergeRun } from "./merge.ts";
import { checkRun, emptyHash, encodeRun, gapRun, lastSequence, lostRanges, parseRunHeader, runBytes, runHashHolds, runMark } from "./run.ts";
import { trimGap } from "./trim-gap.ts";

const integrity = { sha256: (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest()), crc32: (bytes: Uint8Array) => crc32(bytes) };
const lane = parseLaneName("gateway-1/data");
assert.ok(lane !== undefined);
const { origin } = lane;
const epoch = epochFromChance(new Uint8Array(13));
const main: Lane = { origin, stream: "data" };
const branch: Lane = { ...main, branch: "a1b2c3" };

function parsed(bytes: Uint8Array) {
  const header = parseRunHeader(bytes, integrity);
  assert.ok(header !== undefined);
  return { header, bytes };
}

function run(firstSequence: number, ...texts: string[]) {
  const records = texts.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(runBytes(origin, records.length, records.reduce((sum, record) => sum + record.length, 0)));
  encodeRun(bytes, new DataView(bytes.buffer), 0, { origin, stream: "data", epoch, firstSequence, previousHash: emptyHash, classes: 1, recordedMs: 5, records }, integrity);
  return parsed(bytes);
}

test("a stamped run is of its branch and keeps its place in the chain; taken off, it is what it was", () => {
  const plain = run(4, "a", "b");
  const stamped = stampRun(plain, branch, integrity);
  const read = parsed(stamped.bytes);
  assert.deepEqual(read.header, stamped.header);
  assert.deepEqual([read.header.branch, read.header.hash], ["a1b2c3", plain.header.hash]);
  assert.ok(runHashHolds(read.bytes, read.header, integrity));
  assert.deepEqual(stampRun(read, main, integrity).bytes, plain.bytes);
  assert.equal(stampRun(plain, main, integrity), plain);
});

test("any single flipped bit of a stamped run is mended", () => {
  const { bytes } = stampRun(run(1, "some text", "more"), branch, integrity);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.deepEqual(checkRun(damaged, integrity)?.bytes, bytes, `bit ${bit}`);
  }
});

test("a branch begins with what another lane holds, which is not missing, and goes on from there", () => {
  const { header, bytes } = parsed(branchStart(branch, { epoch, sequence: 3, hash: "ab".repeat(32) }, integrity));
  assert.deepEqual([header.branch, header.firstSequence, lastSequence(header), header.reason], ["a1b2c3", 1, 3, "branched"]);
  assert.deepEqual(lostRanges(bytes, header), []);
  assert.equal(mergeRun(undefined, header).outcome, "apply");
  assert.equal(mergeRun(runMark(header), run(4, "x").header).outcome, "fork", "the chain is checked behind it");
});

test("a branch is named by a hash, never by zeros", () => {
  assert.equal(branchOf("a1b2c3d4".padEnd(64, "0")), "a1b2c3");
  assert.ok(isBranch(branchOf("0".repeat(64))));
});

test("a gap is told from where it is asked for", () => {
  const gap = parsed(gapRun({ ...branch, epoch, firstSequence: 3, count: 8, reason: "expired", previousHash: "cd".repeat(32), hash: "ab".repeat(32), recordedMs: 9 }, integrity));
  const { header } = trimGap(gap, 6, integrity);
  assert.deepEqual([header.firstSequence, lastSequence(header), header.hash, header.reason, header.branch], [6, 10, gap.header.hash, "expired", "a1b2c3"]);
  assert.equal(trimGap(gap, 3, integrity), gap);
  const whole = run(3, "a", "b");
  assert.equal(trimGap(whole, 4, integrity), whole, "what has records is never cut");
});
