import assert from "node:assert/strict";
import { test } from "node:test";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";

test("a promise that is kept names the records as they are, also of an append that is encoded while another is written", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const promised: { readonly sequences: readonly number[]; readonly settled: Promise<boolean> }[] = [];
  log.onLined((_records, sequences, settled) => void promised.push({ sequences: [...sequences], settled }));
  const appends = [log.append({ records: [record("local", "first")] })];
  // The first is being written by then. Enough for the next batch to be encoded at once, with streams that no epoch has opened yet.
  await Promise.resolve();
  for (const [stream, text] of [["alarm", "a".repeat(60_000)], ["data", "d".repeat(5_900)], ["data", "one"], ["data", "two"]] as const) appends.push(log.append({ records: [record(stream, text)] }));
  const sequences = await Promise.all(appends);
  const kept = await Promise.all(promised.map(({ settled }) => settled));
  assert.equal(promised.length, sequences.length);
  for (const [index, { sequences: named }] of promised.entries()) if (kept[index] === true) assert.deepEqual(named, sequences[index]);
  assert.ok(kept.every(Boolean), "nothing failed");
});
