import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { childCell, createLinkNews, missedAfter } from "./link-news.ts";

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

test("a child that is back before a slow start has read its log is missed by nobody: what this start wrote of it is no news of the last one", async (context) => {
  const log = await openTempLog(tempFolder(context));
  await log.append({ cells: [childCell({ node: "gateway-1", up: true, atMs: 1_000 }), childCell({ node: "gateway-2", up: true, atMs: 1_000 }), childCell({ node: "gateway-3", up: true, atMs: 1_000 })] });
  const clock = createClock();
  const told: string[] = [];
  const news = createLinkNews({ heardMs: () => undefined, clock, events: createEvents({ name: "edge-1", jurisdiction: "EU" }, clock), append: () => undefined, told: (links) => told.push(...links.map(({ node, up }) => `${node} ${up}`)) });
  context.after(() => news.close());
  news.changed(["gateway-1", "gateway-2"]);
  news.changed(["gateway-1"]);
  assert.deepEqual(told, ["gateway-1 true", "gateway-2 true", "gateway-2 false"]);
  assert.deepEqual(missedAfter(log, 5_000, news.seen()), [{ node: "gateway-3", up: false, atMs: 5_000 }]);
  await log.close();
});
