import assert from "node:assert/strict";
import { test } from "node:test";
import { newestEvents } from "@holon/core/api/event-routes.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";

test("the newest events say whether there are older ones that fit", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  for (const subject of ["one", "two", "three"]) await log.append({ records: [events.record({ stream: "data", type: "test.said", class: "public", producer: "test", subject, data: {} })] });
  const said = async (limit: number) => {
    const found = await newestEvents(log, { type: "test.", limit });
    return [found.events.map(({ subject }) => subject), found.more];
  };
  assert.deepEqual(await said(2), [["two", "three"], true]);
  assert.deepEqual(await said(3), [["one", "two", "three"], false]);
  assert.deepEqual(await said(4), [["one", "two", "three"], false]);
  await log.close();
});
