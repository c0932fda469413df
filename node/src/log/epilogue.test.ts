import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBatchHeader, type BatchHeader } from "@holon/core/log/batch.ts";
import { limits } from "@holon/core/limits.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import type { DiskMedium } from "@holon/sim/disk.ts";
import { appendCounts, childName, running, SimFamily } from "../testing/sim-family.ts";
import { integrity } from "../testing/temp-log.ts";

/** The batches of the newest segment on a node's disk, in order. */
function batchesOf(medium: DiskMedium): readonly { readonly path: string; readonly offset: number; readonly header: BatchHeader }[] {
  const [path, content] = [...medium.names.files].filter(([name]) => name.endsWith(".seg")).sort(([a], [b]) => (a < b ? -1 : 1)).at(-1) ?? [];
  if (path === undefined || content === undefined) throw new Error("there is no segment");
  const bytes = content.read(0, content.size);
  const batches: { path: string; offset: number; header: BatchHeader }[] = [];
  for (let offset = segmentHeaderBytes; offset < bytes.length; ) {
    const header = parseBatchHeader(bytes.subarray(offset), integrity);
    if (header === undefined) break;
    batches.push({ path, offset, header });
    offset += header.sizeBytes;
  }
  return batches;
}

const holdsRecords = ({ header }: { readonly header: BatchHeader }): boolean => header.entries.some(({ kind }) => kind === 1);

test("the newest records of a node that came to rest are told one by one if they are damaged while it is down, and their places are not used again", async () => {
  const family = new SimFamily();
  family.child.start();
  await family.until("it is up", () => family.child.subject !== undefined);
  await family.pass(limits.conditionLookMs + 1_000); // how it stands is told by then, once
  await family.world.drive(appendCounts(family.childNode, 3));
  await family.pass(limits.epilogueAfterMs + 1_000);
  const { medium } = family.child;
  const written = batchesOf(medium).length;
  await family.pass(60_000);
  assert.equal(batchesOf(medium).length, written, "a log at rest is left alone");
  family.child.crash("power");
  const newest = batchesOf(medium).filter(holdsRecords).at(-1);
  assert.ok(newest !== undefined);
  medium.scribble(newest.path, newest.offset, family.world.random.fork("rubbish").bytes(newest.header.sizeBytes));
  family.child.start();
  await family.until("it is up again", () => family.child.subject !== undefined);
  assert.deepEqual(family.childNode.status().log.lost, [{ lane: `${childName}/data`, first: 4, last: 4 }]);
  const [sequence] = await family.world.drive(family.childNode.log.append({ records: [family.childNode.events.record({ stream: "data", type: "test.count", class: "public", producer: "test", data: null })] }));
  assert.equal(sequence, 6, "behind what was lost, and the record that opens the epoch");
});

test("a node that is closed in order puts the epilogue behind its newest records at once", async () => {
  const family = new SimFamily();
  family.child.start();
  await family.until("it is up", () => family.child.subject !== undefined);
  await family.world.drive(appendCounts(running(family.child), 1));
  await family.world.drive(family.child.close());
  const batches = batchesOf(family.child.medium);
  assert.equal(batches.at(-1)?.header.entries.every(({ kind }) => kind === 5), true);
});
