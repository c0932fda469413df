import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cronProblem, cronTimetable } from "./cron.ts";

const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString().replace(":00.000Z", "Z");

/** The next `count` times after one. */
function after(cron: string, zone: string, from: string, count: number): readonly string[] {
  const table = cronTimetable(cron, zone);
  const times: string[] = [];
  for (let ms = table.next(at(from)); times.length < count; ms = table.next(ms)) times.push(iso(ms));
  return times;
}

test("fields are numbers, ranges, steps, lists and names", () => {
  assert.deepEqual(after("*/20 8-9 * * *", "UTC", "2026-01-01T09:20:00Z", 3), ["2026-01-01T09:40Z", "2026-01-02T08:00Z", "2026-01-02T08:20Z"]);
  assert.deepEqual(after("5 6 1,15 jan,JUL *", "UTC", "2026-01-10T00:00:00Z", 3), ["2026-01-15T06:05Z", "2026-07-01T06:05Z", "2026-07-15T06:05Z"]);
  assert.deepEqual(after("0 0 * * mon-fri", "UTC", "2026-01-02T12:00:00Z", 2), ["2026-01-05T00:00Z", "2026-01-06T00:00Z"]);
  assert.deepEqual(after("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", 2), ["2026-01-04T00:00Z", "2026-01-11T00:00Z"]);
  assert.deepEqual(after("50/5 23 * * *", "UTC", "2026-01-01T23:50:00Z", 2), ["2026-01-01T23:55Z", "2026-01-02T23:50Z"]);
  assert.deepEqual(after("0 12 29 2 *", "UTC", "2097-01-01T00:00:00Z", 1), ["2104-02-29T12:00Z"], "eight years, since 2100 is no leap year");
});

test("where day and weekday are both restricted, either will do", () => {
  assert.deepEqual(after("0 0 13 * fri", "UTC", "2026-02-01T00:00:00Z", 4), ["2026-02-06T00:00Z", "2026-02-13T00:00Z", "2026-02-20T00:00Z", "2026-02-27T00:00Z"]);
  assert.deepEqual(after("0 0 14 * fri", "UTC", "2026-02-07T00:00:00Z", 3), ["2026-02-13T00:00Z", "2026-02-14T00:00Z", "2026-02-20T00:00Z"]);
});

test("a time in a zone is that of its clocks", () => {
  assert.deepEqual(after("0 6 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3), ["2026-03-28T05:00Z", "2026-03-29T04:00Z", "2026-03-30T04:00Z"]);
  assert.deepEqual(after("30 0 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", 1), ["2026-01-01T18:45Z"]);
  assert.deepEqual(after("0 0 1 * *", "Pacific/Kiritimati", "2026-01-02T00:00:00Z", 1), ["2026-01-31T10:00Z"]);
});

test("a named hour comes once a day, also when clocks are changed", () => {
  // Berlin, 29 March 2026: after 01:59 comes 03:00; 25 October 2026: 02:00 to 02:59 comes twice.
  assert.deepEqual(after("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3), ["2026-03-28T01:30Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z"]);
  assert.deepEqual(after("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
  assert.deepEqual(after("30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2), ["2026-03-29T01:30Z", "2026-03-30T00:30Z"], "two that fall together are one");
});

test("where the hour is any, time just goes on", () => {
  assert.deepEqual(after("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3), ["2026-03-29T00:30Z", "2026-03-29T01:30Z", "2026-03-29T02:30Z"]);
  assert.deepEqual(after("0 */2 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 3), ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T03:00Z"], "2 o'clock twice, then 4");
});

test("what is none is named", () => {
  for (const [text, naming] of [["* * * *", /5 fields.*4/], ["60 * * * *", /minute 60/], ["* 24 * * *", /hour/], ["* * 0 * *", /day 0/], ["* * * foo *", /month foo/], ["* * * * 8", /weekday/], ["5-1 * * * *", /minute 5-1/], ["*/0 * * * *", /minute/], ["0 0 30 2 *", /no month/], ["0 0 31 4,6 *", /no month/], ["a;b * * * *", /minute/], ["@daily", /5 fields/]] as const) assert.match(cronProblem(text, "UTC") ?? "", naming, text);
  assert.match(cronProblem("* * * * *", "Europe/Nowhere") ?? "", /no time zone/);
  assert.equal(cronProblem("0 0 30 2 mon", "Europe/Berlin"), undefined, "each Monday in February");
});

/** An independent reading: minute by minute in UTC, straight from the fields' words. */
function slowNext(minute: number, hour: number | undefined, weekday: number | undefined, fromMs: number): number {
  for (let ms = Math.floor(fromMs / 60_000) * 60_000 + 60_000; ; ms += 60_000) {
    const date = new Date(ms);
    if (date.getUTCMinutes() === minute && (hour === undefined || date.getUTCHours() === hour) && (weekday === undefined || date.getUTCDay() === weekday)) return ms;
  }
}

test("next, latest and count agree with each other and with looking at every minute", () => {
  const any = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 59 }), any(fc.integer({ min: 0, max: 23 })), any(fc.integer({ min: 0, max: 6 })), fc.integer({ min: at("2020-01-01"), max: at("2030-01-01") }), (minute, hour, weekday, fromMs) => {
      const table = cronTimetable(`${minute} ${hour ?? "*"} * * ${weekday ?? "*"}`, "UTC");
      const next = table.next(fromMs);
      assert.equal(next, slowNext(minute, hour, weekday, fromMs));
      assert.equal(table.latest(next), next);
      assert.ok(table.latest(next - 1) <= fromMs);
      assert.deepEqual([table.count(fromMs, next), table.count(fromMs, next - 1)], [1, 0]);
    }),
    { numRuns: 60 },
  );
});

test("in any zone, each time follows the one before and is the latest at its moment", () => {
  fc.assert(
    fc.property(fc.constantFrom("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Santiago", "UTC"), fc.constantFrom("*/15 * * * *", "30 2 * * *", "0,45 1-3 * * *", "15 0 * * sun"), fc.integer({ min: at("2020-01-01"), max: at("2030-01-01") }), (zone, cron, fromMs) => {
      const table = cronTimetable(cron, zone);
      let count = 0;
      let ms = fromMs;
      for (; count < 8; count++) {
        const next = table.next(ms);
        assert.ok(next > ms);
        assert.equal(table.latest(next), next);
        if (count > 0) assert.equal(table.latest(next - 1), ms);
        ms = next;
      }
      assert.equal(table.count(fromMs, ms), count);
    }),
    { numRuns: 60 },
  );
});

test("a time that two days put at the same moment counts once", () => {
  for (const [cron, zone, from, to] of [["10,40 0,23 * * *", "America/Nuuk", "2025-03-29T00:00:00Z", "2025-03-31T12:00:00Z"], ["0 12 * * *", "Pacific/Apia", "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"]] as const) {
    const table = cronTimetable(cron, zone);
    let listed = 0;
    for (let ms = table.next(at(from)); ms <= at(to); ms = table.next(ms)) listed += 1;
    assert.equal(table.count(at(from), at(to)), listed, zone);
  }
});
