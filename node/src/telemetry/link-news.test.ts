import assert from "node:assert/strict";
import { test } from "node:test";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { childCell, missedAfter } from "./link-news.ts";

test("a child that was lost before this node ended is missed since it was lost, however often the node starts", async (context) => {
  const log = await openTempLog(tempFolder(context));
  await log.append({ cells: [childCell({ node: "gateway-1", up: true, atMs: 1_000 }), childCell({ node: "gateway-2", up: false, atMs: 2_000 })] });
  for (const endedMs of [5_000, 9_000]) {
    const missed = missedAfter(log, endedMs);
    assert.deepEqual(missed, [{ node: "gateway-1", up: false, atMs: 5_000 }, { node: "gateway-2", up: false, atMs: 2_000 }]);
    await log.append({ cells: missed.map(childCell) });
  }
  await log.close();
});
