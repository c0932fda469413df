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

test("a node whose clock is years ahead hides nobody's newer events, and its own stand where they came in", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "cloud-1" });
  const child = await openTempLog(tempFolder(context), { name: "gateway-2" });
  const right = createClock();
  const ahead = { ...right, wall: () => ({ ...right.wall(), ms: right.wall().ms + 12 * 365 * 86_400_000 }) };
  const say = async (to: typeof log, subject: string, clock = right): Promise<void> => void (await to.append({ records: [createEvents({ name: to.origin, jurisdiction: "EU/DE" }, clock).record({ stream: "data", type: "test.said", class: "public", producer: "test", subject, data: {} })] }));
  const lane = { origin: child.origin, stream: "data" as const };
  await say(log, "before");
  for (const subject of ["one", "two"]) await say(child, subject, ahead);
  await log.appendRuns(await child.readRuns(lane, 1, 1 << 20));
  const afterMs = right.wall().ms + 5;
  while (right.wall().ms < afterMs) await new Promise((resolve) => setImmediate(resolve));
  await say(log, "after");
  const said = async (query: Parameters<typeof newestEvents>[1]) => (await newestEvents(log, { type: "test.", ...query })).events.map(({ subject }) => subject);
  assert.deepEqual(await said({ limit: 1 }), ["after"]);
  assert.deepEqual(await said({}), ["before", "one", "two", "after"]);
  assert.deepEqual(await said({ until: new Date(afterMs - 1).toISOString() }), ["before", "one", "two"]);
  assert.deepEqual(await said({ since: new Date(afterMs + 86_400_000).toISOString() }), ["one", "two"], "as they say themselves");
  const pages: (string | undefined)[] = [];
  for (let until: string | undefined; ; ) {
    const { events, more, oldest } = await newestEvents(log, { type: "test.", limit: 3, until });
    const seen = new Set(pages);
    pages.unshift(...events.map(({ subject }) => subject).filter((subject) => !seen.has(subject)));
    if (!more || oldest === null) break;
    until = oldest;
  }
  assert.deepEqual(pages, ["before", "one", "two", "after"]);
  await log.close();
  await child.close();
});
