import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { LogRecord } from "@holon/core/log/log.ts";
import { parseBatchHeader } from "@holon/core/log/batch.ts";
import { planRetention } from "@holon/core/log/retention.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import type { HolonNode } from "../node.ts";
import { appendCounts, childName, SimFamily } from "../testing/sim-family.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";

/** Time for the scrubber to go round a log that is smaller than a slice for each segment. */
const roundMs = (segments: number): number => (segments + 2) * limits.scrubEveryMs;
const data = { origin: childName, stream: "data" } as const;

/** A node alone, up, with records in several sealed segments. */
async function filled(): Promise<{ readonly family: SimFamily; readonly sealed: readonly string[] }> {
  const family = new SimFamily();
  family.child.start();
  await family.until("it is up", () => family.child.subject !== undefined);
  for (let part = 0; part < 3; part++) {
    await family.world.drive(appendCounts(family.childNode, 12));
    await family.world.drive(family.childNode.log.roll());
  }
  await family.world.drive(appendCounts(family.childNode, 3));
  const paths = [...family.child.medium.names.files.keys()].filter((path) => path.endsWith(".seg")).sort();
  return { family, sealed: paths.slice(0, -1) };
}

async function alarmsOf(family: SimFamily, node: HolonNode): Promise<readonly { readonly lost: unknown; readonly bytes: unknown }[]> {
  const records: readonly LogRecord[] = await family.world.drive(node.log.read({ origin: childName, stream: "alarm" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
  return records.map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes))).filter(({ type }) => type === "holon.log.damaged").map(({ data: told }) => told);
}

test("a flipped bit in a sealed segment is mended on the disk while the node runs, and nobody has to be told", async () => {
  const { family, sealed } = await filled();
  const { medium } = family.child;
  const random = family.world.random.fork("flips");
  for (let round = 0; round < 12; round++) {
    const path = sealed[round % sealed.length] ?? "";
    const content = medium.names.files.get(path);
    assert.ok(content !== undefined);
    const before = Buffer.from(content.read(0, content.size));
    medium.flipBit(path, random.integer(segmentHeaderBytes, content.size - 1), random.integer(0, 7));
    assert.notDeepEqual(Buffer.from(content.read(0, content.size)), before);
    await family.pass(roundMs(sealed.length));
    assert.deepEqual(Buffer.from(content.read(0, content.size)), before, `round ${round}: ${path}`);
    assert.equal(family.childNode.status().log.scrubbed?.mended, round + 1);
  }
  assert.deepEqual(await alarmsOf(family, family.childNode), []);
  assert.deepEqual(family.childNode.status().log.scrubbed?.lost, []);
});

test("what is damaged beyond that is told while the node runs, as exact ranges, and once, over rounds and restarts", async () => {
  const { family, sealed } = await filled();
  const { medium } = family.child;
  const path = sealed[1] ?? "";
  const content = medium.names.files.get(path);
  assert.ok(content !== undefined);
  const bytes = content.read(0, content.size);
  // The last batch of the segment as a whole: only the next segment knows what it held.
  let last = segmentHeaderBytes;
  for (let offset = segmentHeaderBytes; offset < bytes.length; offset += parseBatchHeader(bytes.subarray(offset), integrity)?.sizeBytes ?? bytes.length) last = offset;
  const head = (await family.world.drive(family.childNode.log.read(data, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }))).length;
  assert.equal(head, 40);
  medium.scribble(path, last, family.world.random.fork("rubbish").bytes(bytes.length - last));
  await family.pass(roundMs(sealed.length));
  const range = { lane: `${childName}/data`, first: 25, last: 25 };
  assert.deepEqual(family.childNode.status().log.scrubbed?.lost, [range]);
  const told = await alarmsOf(family, family.childNode);
  assert.deepEqual(told, [{ lost: [range], bytes: [{ segment: path, fromByte: last, toByte: bytes.length, what: "batch" }] }]);
  await family.pass(3 * roundMs(sealed.length));
  assert.equal((await alarmsOf(family, family.childNode)).length, 1);
  family.child.crash("power", 100);
  await family.until("it is up again", () => family.child.subject !== undefined);
  await family.pass(2 * roundMs(sealed.length));
  assert.equal((await alarmsOf(family, family.childNode)).length, 1);
  assert.deepEqual((await family.world.drive(family.childNode.log.missing(data))).map(({ first, last: end, reason }) => [first, end, reason]), [[25, 25, "damaged"]]);
});

test("a slice is bounded, and a round sees every sealed byte", async (context) => {
  const log = await openTempLog(tempFolder(context), { segmentBytesMax: 60_000 });
  for (let commit = 0; commit < 300; commit++) await log.append({ records: [record("local", "x".repeat(1_000))] });
  let bytes = 0;
  let steps = 0;
  const sealedBytes = log.sizeBytes() - 60_000;
  while (bytes < sealedBytes) {
    const found = await log.scrub.step(10_000);
    assert.ok(found.bytes > 0 && found.bytes <= 12_000, `${found.bytes}`);
    assert.deepEqual([found.mended, found.damage, found.lost], [0, [], []]);
    bytes += found.bytes;
    steps += 1;
  }
  assert.ok(steps > 20);
  await log.close();
});

test("what was let go of is not taken for damage", async (context) => {
  const log = await openTempLog(tempFolder(context), { segmentBytesMax: 16_384 });
  for (let commit = 0; commit < 200; commit++) await log.append({ records: [record("local", "x".repeat(300)), ...(commit % 10 === 0 ? [record("alarm", "a")] : [])] });
  await log.retain((parts, totalBytes) => planRetention({ policy: { streams: { local: { maxBytes: 20_000 } } }, nowMs: 0, parts, totalBytes, safe: new Map(), read: new Map(), needBytes: 0 }), () => record("audit", "expired"));
  for (let round = 0; round < 60; round++) {
    const found = await log.scrub.step(1 << 20);
    assert.deepEqual([found.damage, found.lost], [[], []]);
  }
  await log.close();
});
