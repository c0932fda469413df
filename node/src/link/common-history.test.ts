import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { stampRun } from "@holon/core/log/branch.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { childName } from "../testing/sim-family.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { findCommon, lastHeld, type Common } from "./common-history.ts";
import { createOutgoing } from "./outgoing.ts";

async function write(log: SegmentLog, count: number, text: string): Promise<void> {
  for (let index = 0; index < count; index++) await log.append({ records: Array.from({ length: 1 + (index % 3) }, () => record("data", `${text} ${index}`)) });
}

/** Two logs of one gateway that have the first part in common, and a parent that holds the first of them. */
async function parted(context: TestContext, common: number, first: number, second: number) {
  const folder = tempFolder(context);
  const before = await openTempLog(folder);
  await write(before, common, "common");
  const end = before.head(lane)?.sequence ?? 0;
  await before.close();
  const copied = tempFolder(context);
  cpSync(folder, copied, { recursive: true });
  const [one, two, parent] = [await openTempLog(folder), await openTempLog(copied), await openTempLog(tempFolder(context), { name: "edge-1" })];
  context.after(() => Promise.all([one, two, parent].map((log) => log.close())));
  await write(one, first, "first");
  await write(two, second, "second");
  await parent.appendRuns(await one.readRuns(lane, 1, 1e9));
  return { one, two, parent, end };
}

const lane: Lane = { origin: childName, stream: "data" };

async function between(child: SegmentLog, parent: SegmentLog): Promise<{ readonly common: Common; readonly questions: number }> {
  let questions = 0;
  const common = await findCommon(child, lane, (points) => {
    questions += 1;
    return lastHeld(parent, lane, points);
  });
  return { common, questions };
}

test("the last common end of a run is found, wherever it is, in a few questions", async (context) => {
  for (const [shared, first, second] of [[0, 3, 3], [1, 5, 4], [40, 1, 30], [300, 200, 100], [20, 0, 9], [20, 9, 0]] as const) {
    const { two, parent, end } = await parted(context, shared, first, second);
    const { common, questions } = await between(two, parent);
    assert.equal(common.mark?.sequence ?? 0, end, `${shared} ${first} ${second}`);
    assert.ok(questions <= 5, `${questions} questions`);
    if (end > 0) assert.equal(common.found?.sequence, parent.head(lane)?.sequence);
    assert.deepEqual(end > 0 ? undefined : [common.other?.sequence, common.other?.hash], end > 0 ? undefined : [parent.head(lane)?.sequence, parent.head(lane)?.hash], "another history is shown");
  }
});

test("a parent that has nothing of a stream shows no other history", async (context) => {
  const { two } = await parted(context, 20, 3, 3);
  const empty = await openTempLog(tempFolder(context), { name: "edge-1" });
  context.after(() => empty.close());
  const { common } = await between(two, empty);
  assert.deepEqual(common, { mark: undefined, found: undefined, other: undefined });
});

test("a branch that the parent has is found as the place to go on", async (context) => {
  const { two, parent, end } = await parted(context, 10, 8, 6);
  const branch: Lane = { ...lane, branch: "abcdef" };
  const outgoing = createOutgoing(two, integrity);
  const { common } = await between(two, parent);
  assert.equal(common.mark?.sequence, end);
  outgoing.send(lane, branch, common.mark);
  const runs = await outgoing.readRuns(branch, 1, 1e9);
  assert.deepEqual([...new Set((await parent.appendRuns(runs)).map(({ outcome }) => outcome))], ["apply"]);
  assert.deepEqual(await parent.missing(branch), [], "what another lane holds is not missing");
  const records = await parent.read(branch, 1, { maxRecords: 1e4, maxBytes: 1e9 });
  assert.equal(records[0]?.sequence, end + 1);
  assert.equal(records[0]?.branch, "abcdef");
  const again = await between(two, parent);
  assert.deepEqual([again.common.found?.lane, again.common.found?.sequence], [laneName(branch), two.head(lane)?.sequence]);
  assert.equal(parent.head(branch)?.hash, two.head(lane)?.hash, "the chain is that of its origin");
  const plain = runs.at(-1);
  assert.ok(plain !== undefined);
  assert.deepEqual(Buffer.from(stampRun(plain, lane, integrity).bytes), Buffer.from((await two.readRuns(lane, plain.header.firstSequence, 1))[0]?.bytes ?? []));
});

test("a parent that gets the same by another way meanwhile holds no other history", async (context) => {
  const { one, parent: whole } = await parted(context, 60, 0, 0);
  const head = one.head(lane)?.sequence ?? 0;
  for (const already of [0, 1, 20, 59]) {
    for (let grows = 1; grows <= 4; grows++) {
      const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
      if (already > 0) await parent.appendRuns(await whole.readRuns(lane, 1, already));
      let questions = 0;
      const { mark, found, other } = await findCommon(one, lane, async (points) => {
        const answer = await lastHeld(parent, lane, points);
        questions += 1;
        if (questions === grows) await parent.appendRuns(await whole.readRuns(lane, (parent.head(lane)?.sequence ?? 0) + 1, 1e9));
        return answer;
      });
      const end = mark?.sequence ?? 0;
      assert.ok(end === head || found?.sequence === end || (end === 0 && other === undefined), `${already} there, the rest after question ${grows}: common to ${end}, while the parent is said to go on to ${found?.sequence ?? other?.sequence}`);
      assert.ok(questions <= 8, `${questions} questions`);
      await parent.close();
    }
  }
});
