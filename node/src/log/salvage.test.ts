/** What stands by itself in a batch whose frame is gone is used, cells as runs are; what is not, is named as unsure. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Three batches with records and cells; `change` meets the second one's bytes before the log is opened again. */
async function reopened(context: TestContext, change: (batch: Buffer) => void): Promise<SegmentLog> {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  const sizes: number[] = [];
  for (const word of ["first", "second", "third"]) {
    sizes.push(log.sizeBytes());
    const cells = word === "third" ? [] : ["position/x", "offset/source"].map((key) => ({ key, value: encoder.encode(`${key} of ${word}`) }));
    await log.append({ records: [record("data", word), record("local", word)], cells });
  }
  await log.close();
  const path = join(folder, "log", readdirSync(join(folder, "log"))[0] ?? "");
  const bytes = readFileSync(path);
  change(bytes.subarray(sizes[1], sizes[2]));
  writeFileSync(path, bytes);
  const again = await openTempLog(folder);
  context.after(() => again.close());
  return again;
}

const valueOf = (log: SegmentLog, key: string): string => decoder.decode(log.cell(key));

test("a batch without its header, or without header and table, gives its runs and cells all the same", async (context) => {
  for (const length of [8, 40, 48, 80]) {
    const log = await reopened(context, (batch) => batch.fill(0x5a, 0, length));
    assert.deepEqual([log.damage.length, log.lost, log.unsettled, log.staleCells], [1, [], [], []], `${length} bytes`);
    assert.equal(valueOf(log, "offset/source"), "offset/source of second");
    assert.equal(valueOf(log, "position/x"), "position/x of second");
  }
});

test("a cell that cannot be salvaged is named among those that may have gone back", async (context) => {
  const log = await reopened(context, (batch) => {
    batch.fill(0x5a, 0, 48);
    batch.fill(0x5a, batch.indexOf("offset/source") + 2, batch.indexOf("offset/source") + 6);
  });
  assert.deepEqual(log.lost, []);
  assert.equal(valueOf(log, "offset/source"), "offset/source of first");
  assert.ok(log.staleCells.includes("offset/source"), `${log.staleCells.join(", ")}`);
});

test("a damaged cell of a batch whose frame is intact is named too", async (context) => {
  const log = await reopened(context, (batch) => batch.fill(0x5a, batch.indexOf("position/x of") + 2, batch.indexOf("position/x of") + 6));
  assert.equal(valueOf(log, "offset/source"), "offset/source of second");
  assert.deepEqual(log.staleCells, ["position/x"]);
});
