import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type LogRecord, type Mark } from "@holon/core/log/log.ts";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { nodeName } from "../testing/sim-family.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createAlarms, endedType, firedType } from "./alarms.ts";
import { openBook } from "./book.ts";

const minuteMs = 60_000;
const beginMs = Date.UTC(2026, 0, 1);
const quietMs = 15 * minuteMs;

/** A node's own log, to which alarms of other nodes came. */
async function bed(context: TestContext) {
  const own = await openTempLog(tempFolder(context));
  context.after(() => own.close());
  const told = new Map<string, LogRecord[]>();
  const broken = new Set<string>();
  const head = own.head.bind(own);
  const log = Object.assign(own, {
    head: (lane: Lane) => (told.has(laneName(lane)) ? ({ sequence: told.get(laneName(lane))?.length } as Mark) : head(lane)),
    read: (lane: Lane, from: number): Promise<LogRecord[]> => (broken.has(lane.origin) ? Promise.reject(new Error(`${lane.origin} does not read`)) : Promise.resolve((told.get(laneName(lane)) ?? []).slice(from - 1))),
  });
  const failures: unknown[] = [];
  const book = openBook({ log, jurisdiction: "EU/DE", sha256: integrity.sha256, isOwed: () => false });
  /** How far clocks are ahead, by node and run. */
  const ahead = new Map<string, number>();
  const here = (node: string, atMs: number, epoch = "e"): number => atMs - (ahead.get(`${node} ${epoch}`) ?? 0);
  const open = () => createAlarms({ log, book, settings: alertingSchema.parse({ alarmQuietMs: quietMs }), siteOf: () => "site", here, failed: (error) => failures.push(error) });
  const alarms = open();
  function alarm(origin: string, atMs: number, data: unknown = { hot: true }, { type = "pump.hot", epoch = "e" } = {}): void {
    const lane = { origin: nodeName(origin), stream: "alarm" } as const;
    const records = told.get(laneName(lane)) ?? [];
    const time = isoTime(atMs);
    const bytes = encodeStoredEvent({ type, source: `/${origin}/pump/judge`, time, recordedtime: time, clock: "synced", class: "personal", jurisdiction: "EU/FR", data });
    records.push({ ...lane, epoch, sequence: records.length + 1, class: "personal", bytes } as unknown as LogRecord); // what is read of one
    told.set(laneName(lane), records);
    alarms.committed([lane]);
  }
  const firing = () => book.all().filter(({ alert }) => alert.state === "firing");
  return { own, book, alarms, alarm, firing, broken, failures, ahead };
}

test("what could not be kept is said again, and no alarm is counted twice", async (context) => {
  const { own, alarms, alarm, firing } = await bed(context);
  alarm("gateway-1", beginMs);
  const lost = await alarms.read(Infinity);
  assert.equal(lost.length, 1);
  alarm("gateway-1", beginMs + minuteMs);
  const cells = await alarms.read(Infinity);
  assert.deepEqual([cells.length, firing()[0]?.alert.count], [1, 2]);
  alarm("gateway-2", beginMs + minuteMs);
  assert.equal((await alarms.read(Infinity)).length, 2, "of every lane that is not on disk");
  await own.append({ cells: await alarms.read(Infinity) });
  assert.deepEqual([(await alarms.read(Infinity)).length, firing().map(({ alert }) => alert.count)], [0, [2, 1]]);
});

test("a lane that does not read holds up no other, and is read when it does", async (context) => {
  const { alarms, alarm, firing, broken, failures } = await bed(context);
  broken.add("gateway-1");
  alarm("gateway-1", beginMs);
  alarm("gateway-2", beginMs);
  await alarms.read(Infinity);
  assert.deepEqual([firing().map(({ alert }) => alert.node), failures.length], [["gateway-2"], 1]);
  broken.clear();
  await alarms.read(Infinity);
  assert.deepEqual(firing().map(({ alert }) => alert.node), ["gateway-2", "gateway-1"]);
});

test("an alarm of a clock that was ahead swallows none that comes after it, and is not open until that time", async (context) => {
  const { alarms, alarm, firing, book } = await bed(context);
  const yearMs = 365 * 86_400_000;
  alarm("gateway-1", beginMs + yearMs);
  alarm("gateway-1", beginMs);
  alarm("gateway-2", beginMs + yearMs);
  await alarms.read(Infinity);
  assert.deepEqual(book.all().map(({ alert }) => [alert.node, alert.state, alert.count]), [["gateway-1", "resolved", 1], ["gateway-1", "firing", 1], ["gateway-2", "firing", 1]]);
  alarms.quiet(beginMs, () => undefined);
  assert.equal(firing().length, 2);
  alarms.quiet(beginMs + quietMs, () => undefined);
  assert.equal(firing().length, 0);
});

test("an alarm of a node of which nobody tells ends by the time here; of one that is behind, when its time is known", async (context) => {
  const { alarms, alarm, firing } = await bed(context);
  alarm("gateway-2", beginMs);
  alarm("gateway-3", beginMs);
  await alarms.read(Infinity);
  alarms.quiet(beginMs + quietMs, (node) => (node === "gateway-3" ? beginMs : undefined));
  assert.deepEqual(firing().map(({ alert }) => alert.node), ["gateway-3"]);
  alarms.quiet(beginMs + quietMs, () => beginMs + quietMs);
  assert.equal(firing().length, 0);
});

test("a storm beyond the bound is one incident of this node's own that quotes none of it, and is over when there is room and nothing came on top", async (context) => {
  const { alarms, alarm, firing, book } = await bed(context);
  for (let node = 0; node < limits.alertsOpenMax + 3; node++) alarm(`gateway-${node}`, beginMs);
  await alarms.read(Infinity);
  const more = () => firing().find(({ alert }) => alert.rule === "more");
  assert.deepEqual([more()?.alert.count, more()?.class, more()?.jurisdiction, more()?.alert.node], [3, "public", "EU/DE", "gateway-1"]);
  assert.doesNotMatch(JSON.stringify(more()), /pump|gateway-1024|EU\/FR/);
  alarms.quiet(beginMs + minuteMs, () => undefined);
  alarms.quiet(beginMs + 2 * quietMs, () => undefined);
  assert.equal(firing().length, 1, "the others are over, and that there was no room is over a while later");
  alarms.quiet(beginMs + 3 * quietMs, () => undefined);
  assert.deepEqual([firing().length, book.all().find(({ alert }) => alert.rule === "more")?.alert.state], [0, "resolved"]);
});

test("an alarm that its app closes is over then, and its closing is no second time; the next is another", async (context) => {
  const { alarms, alarm, book } = await bed(context);
  alarm("gateway-1", beginMs, { state: "open" });
  alarm("gateway-1", beginMs + 5_000, { state: "closed" });
  alarm("gateway-2", beginMs, { state: "closed" });
  await alarms.read(Infinity);
  const told = () => book.all().map(({ alert }) => [alert.node, alert.state, alert.count, alert.until]);
  assert.deepEqual(told(), [["gateway-1", "resolved", 1, isoTime(beginMs + 5_000)]]);
  alarm("gateway-1", beginMs + 10_000, { state: "open" });
  await alarms.read(Infinity);
  assert.deepEqual(told().map(([, state, count]) => [state, count]), [["resolved", 1], ["firing", 1]]);
});

test("an alarm that said that it is open is over when it says so, and not because nothing came; of a node of which nobody tells it ends as others", async (context) => {
  const { alarms, alarm, firing } = await bed(context);
  alarm("gateway-1", beginMs, { state: "open" });
  alarm("gateway-2", beginMs, { state: "open" });
  await alarms.read(Infinity);
  alarms.quiet(beginMs + 10 * quietMs, (node) => (node === "gateway-1" ? beginMs + 10 * quietMs : undefined));
  assert.deepEqual(firing().map(({ alert }) => alert.node), ["gateway-1"]);
  alarm("gateway-1", beginMs + 11 * quietMs, { state: "open" });
  await alarms.read(Infinity);
  assert.deepEqual(firing().map(({ alert }) => alert.count), [2], "the same, told again");
  alarm("gateway-1", beginMs + 12 * quietMs, { state: "closed" });
  await alarms.read(Infinity);
  assert.deepEqual(firing(), []);
});

test("alarms of a node whose clock is off are one incident, of when it was here, and over a quarter of an hour after the last; so are those of a clock that is known later", async (context) => {
  const { alarms, alarm, book, ahead } = await bed(context);
  const aheadMs = 3 * 60 * minuteMs;
  const told = () => book.all().map(({ alert: { state, since, until, count, message } }) => [state, since, until, count, message.slice(message.indexOf("gateway-1"))]);
  alarm("gateway-1", beginMs);
  await alarms.read(beginMs);
  // It is started anew with another clock; nobody has measured it yet.
  for (let minute = 1; minute <= 6; minute++) {
    alarm("gateway-1", beginMs + minute * minuteMs + aheadMs, { hot: true }, { epoch: "f" });
    await alarms.read(beginMs + minute * minuteMs);
    alarms.quiet(beginMs + minute * minuteMs + 1_000, () => beginMs + minute * minuteMs);
    if (minute === 3) ahead.set("gateway-1 f", aheadMs);
  }
  const last = beginMs + 6 * minuteMs;
  assert.deepEqual(told(), [["firing", isoTime(beginMs), null, 7, `gateway-1, 7 times, the last at ${isoTime(last)}`]]);
  alarms.quiet(last + quietMs - 1, () => last + quietMs);
  assert.deepEqual(told().map(([state]) => state), ["firing"]);
  alarms.quiet(last + quietMs, () => last + quietMs);
  assert.deepEqual(told().map(([state, since, until]) => [state, since, until]), [["resolved", isoTime(beginMs), isoTime(last + quietMs)]]);
});

test("an alert that a node with another clock tells of is of when it was here, and is over at no time to come", async (context) => {
  const { alarms, alarm, book, ahead } = await bed(context);
  const aheadMs = 3 * 60 * minuteMs;
  ahead.set("gateway-2 e", aheadMs);
  const alert = { id: "o", rule: "probe/fresh", kind: "freshness", subject: "gateway-2", severity: "page", state: "firing", since: isoTime(beginMs + aheadMs), until: null, value: 1, threshold: 2, message: "it burns", count: 1 };
  alarm("gateway-2", beginMs + aheadMs, alert, { type: firedType });
  await alarms.read(beginMs + 1_000);
  assert.deepEqual(book.all().map(({ alert: { since, state } }) => [since, state]), [[isoTime(beginMs), "firing"]]);
  alarm("gateway-2", beginMs + aheadMs + minuteMs, { ...alert, state: "resolved", until: isoTime(beginMs + aheadMs + minuteMs) }, { type: endedType });
  await alarms.read(beginMs + minuteMs);
  assert.deepEqual(book.all().map(({ alert: { since, until } }) => [since, until]), [[isoTime(beginMs), isoTime(beginMs + minuteMs)]]);
});
