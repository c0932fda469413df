import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import { windowTriggerSchema, type WindowTrigger, type WindowTriggerInput } from "../schema/trigger.ts";
import { lastRevisions, runStage, trueWindows, type Step } from "./testing/window-run.ts";

const allowedMs = 40;
const hourMs = 3_600_000;

const triggerOf = (more: Partial<WindowTriggerInput> & Pick<WindowTriggerInput, "window">): WindowTrigger =>
  windowTriggerSchema.parse({ type: "a.b", late: { allowedMs, rule: "drop" }, watermark: { idleMs: 1_000 }, ...more });

let made = 0;
const event = (timeMs: number, subject = "d", source = "/s", data: unknown = timeMs): UnitEvent => ({ id: `n/e/local/${(made += 1)}`, type: "a.b", source, subject, timeMs, arrivedMs: timeMs, data });

const windows: fc.Arbitrary<WindowTriggerInput["window"]> = fc.oneof(
  fc.record({ kind: fc.constant("tumbling" as const), sizeMs: fc.integer({ min: 1, max: 60 }), offsetMs: fc.nat(70) }),
  fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), fc.nat(30)).map(([everyMs, times, offsetMs]) => ({ kind: "sliding" as const, everyMs, sizeMs: everyMs * times, offsetMs })),
  fc.record({ kind: fc.constant("session" as const), gapMs: fc.integer({ min: 1, max: 60 }) }),
);

/** Readings of two sources, three subjects each; the delay of each is below what lateness is allowed. */
const readings = fc.array(fc.record({ timeMs: fc.nat(500), source: fc.constantFrom("/g1", "/g2"), device: fc.constantFrom("a", "b", "c"), delayMs: fc.nat(allowedMs - 1), value: fc.nat(9) }), { maxLength: 60 });
type Readings = typeof readings extends fc.Arbitrary<infer T> ? T : never;

const toEvent = ({ timeMs, source, device, value }: Readings[number]): UnitEvent => event(timeMs, `${source.slice(1)}-${device}`, source, value);

const clocksOf = (list: Readings): Readings => [...new Map(list.map((one) => [`${one.source} ${one.device}`, one])).values()];

/** One event of each clock so late that all before is over. */
const flush = (list: Readings): readonly UnitEvent[] => clocksOf(list).map((one) => toEvent({ ...one, timeMs: 100_000, value: -1 }));

const inOrder = (list: Readings): Readings => list.toSorted((a, b) => a.timeMs - b.timeMs);
const shuffled = (list: Readings): Readings => list.toSorted((a, b) => a.timeMs + a.delayMs - b.timeMs - b.delayMs);

/** What one gateway sends from `fromMs` on comes ten hours later, when the other has long been done. */
function partitioned(list: Readings, fromMs: number): readonly [before: Readings, backlog: Readings] {
  const isCut = (one: Readings[number]): boolean => one.source === "/g1" && one.timeMs >= fromMs;
  return [shuffled(list.filter((one) => !isCut(one))), shuffled(list.filter(isCut))];
}

/** Cut into steps, some after a restart, some after silence. */
function steps(events: readonly UnitEvent[], cuts: readonly { readonly count: number; readonly restarts: boolean; readonly waitMs: number }[]): readonly Step[] {
  const out: Step[] = [];
  let from = 0;
  for (const { count, restarts, waitMs } of cuts) {
    out.push({ events: events.slice(from, from + count), restarts, waitMs });
    from += count;
  }
  return [...out, { events: events.slice(from) }];
}
const cuts = fc.array(fc.record({ count: fc.nat(8), restarts: fc.boolean(), waitMs: fc.constantFrom(0, 0, 500, 5_000) }), { maxLength: 12 });

const withoutFlush = (printed: readonly string[]): readonly string[] => printed.filter((text) => !text.includes(": -1"));

describe("windows are equal", () => {
  for (const watermark of [{ per: "subject", by: "subject" }, { per: "source", by: "subject" }, { per: "source", by: "all" }, { per: "subject", by: "all" }] as const) {
    it(`whether events come in order, shuffled within what is allowed, or after a 10-hour partition: ${watermark.by}, by clocks of each ${watermark.per}`, () => {
      fc.assert(
        fc.property(readings, windows, fc.nat(500), cuts, (list, window, fromMs, cut) => {
          const { per, by } = watermark;
          const trigger = triggerOf({ window, by, watermark: { per, idleMs: 1_000 } });
          const expected = trueWindows(trigger.window, by, list.map(toEvent));
          // A source that nobody has heard of cannot be waited for: each is heard once at the start.
          const hello: Readings = by === "all" || per === "source" ? clocksOf(list).map((one) => ({ ...one, timeMs: -1_000, delayMs: 0, value: -1 })) : [];
          const [before, backlog] = partitioned(list, fromMs);
          const arrivals: readonly (readonly Step[])[] = [
            steps([...hello, ...inOrder(list)].map(toEvent), []),
            steps([...hello, ...shuffled(list)].map(toEvent), []),
            steps([...hello, ...shuffled(list)].map(toEvent), cut),
            [...steps([...hello, ...before].map(toEvent), cut), { events: [], waitMs: 10 * hourMs }, ...steps(backlog.map(toEvent), cut)],
          ];
          for (const arrival of arrivals) {
            const { ran, leftOut, stage } = runStage(trigger, [...arrival, { events: flush(list) }]);
            assert.deepEqual(leftOut, []);
            assert.deepEqual(withoutFlush(lastRevisions(ran)), expected);
            assert.equal(stage.counts.taken, list.length + hello.length + flush(list).length);
            if (arrival === arrivals[0] || arrival === arrivals[1]) assert.ok(ran.every(({ revision, reason, replaces }) => revision === 0 && reason === "watermark" && replaces.length === 0));
          }
        }),
        { numRuns: 400 },
      );
    });
  }

  it("in any order at all, where late events update", () => {
    fc.assert(
      fc.property(readings, windows, cuts, (list, window, cut) => {
        const trigger = triggerOf({ window, late: { allowedMs: 5, rule: "update", keepMs: 90_000 } });
        const { ran, leftOut } = runStage(trigger, [...steps(list.map(toEvent), cut), { events: flush(list) }]);
        assert.deepEqual(leftOut, []);
        assert.deepEqual(withoutFlush(lastRevisions(ran)), trueWindows(trigger.window, "subject", list.map(toEvent)));
      }),
      { numRuns: 500 },
    );
  });
});

it("what comes too late is left out, each event once, and nothing else is", () => {
  fc.assert(
    fc.property(readings, fc.constantFrom("drop" as const, "aside" as const), cuts, (list, rule, cut) => {
      const trigger = triggerOf({ window: { kind: "tumbling", sizeMs: 50 }, late: { allowedMs: 10, rule } });
      const events = list.map(toEvent);
      const latest = new Map<string, number>();
      const late = events.filter((one) => {
        const clock = `${one.source} ${one.subject ?? ""}`;
        const watermarkMs = (latest.get(clock) ?? Number.NEGATIVE_INFINITY) - 10;
        latest.set(clock, Math.max(latest.get(clock) ?? Number.NEGATIVE_INFINITY, one.timeMs));
        return Math.floor(one.timeMs / 50) * 50 + 50 <= watermarkMs;
      });
      const { ran, leftOut, stage } = runStage(trigger, [...steps(events, cut), { events: flush(list) }]);
      assert.deepEqual(leftOut, late.map((one) => ({ event: one, why: "late", aside: rule === "aside" })));
      assert.deepEqual(withoutFlush(lastRevisions(ran)), trueWindows(trigger.window, "subject", events.filter((one) => !late.includes(one))));
      assert.equal(stage.counts.dropped + stage.counts.aside, late.length);
    }),
    { numRuns: 300 },
  );
});

describe("a stage", () => {
  const minute = triggerOf({ window: { kind: "tumbling", sizeMs: 60 }, late: { allowedMs: 0, rule: "drop" } });

  it("runs what silence keeps open with what is known, and again if more comes", () => {
    const { ran } = runStage(minute, [{ events: [event(10), event(20)] }, { events: [], waitMs: 999 }, { events: [], waitMs: 1 }, { events: [], waitMs: 5_000 }, { events: [event(30)] }, { events: [event(60)] }]);
    assert.deepEqual(ran.map(({ reason, revision, events }) => [reason, revision, events.length]), [["idle", 0, 2], ["watermark", 1, 3]]);
    const again = runStage(minute, [{ events: [event(10)] }, { events: [], waitMs: 1_000 }, { events: [event(60)] }]).ran;
    assert.deepEqual(again.map(({ reason }) => reason), ["idle"], "nothing has changed since");
  });

  it("is not led astray by a device whose clock runs ahead", () => {
    const astray = { ...event(10), timeMs: 10 + 2 * hourMs };
    const { ran, leftOut } = runStage(minute, [{ events: [event(10), astray, event(20), event(60)] }]);
    assert.deepEqual(leftOut.map(({ why, event: { timeMs } }) => [why, timeMs]), [["ahead", astray.timeMs]]);
    assert.deepEqual(lastRevisions(ran), ["d 0-60: 10 20"]);
  });

  it("tells which sessions grew together", () => {
    const trigger = triggerOf({ window: { kind: "session", gapMs: 10 }, late: { allowedMs: 0, rule: "update", keepMs: 1_000 } });
    const { ran } = runStage(trigger, [{ events: [event(0), event(15), event(50)] }, { events: [event(8)] }]);
    assert.deepEqual(ran.map(({ startMs, endMs, revision, replaces, reason }) => [startMs, endMs, revision, replaces, reason]), [[0, 10, 0, [], "watermark"], [15, 25, 0, [], "watermark"], [0, 25, 1, [15], "late"]]);
  });

  it("tells that a session which silence cut short is part of a longer one, though its own end is past", () => {
    const trigger = triggerOf({ window: { kind: "session", gapMs: 59 }, by: "all" });
    const at = (timeMs: number, subject: string): Step => ({ events: [event(timeMs, subject)] });
    const { ran } = runStage(trigger, [at(-1_000, "a"), at(-1_000, "b"), at(1, "b"), { events: [], waitMs: 1_000 }, at(0, "a"), at(2, "a"), at(100, "b"), at(100, "a"), at(10_000, "a"), at(10_000, "b")]);
    assert.deepEqual(lastRevisions(ran).slice(1, 3), [" 0-61: 0 1 2", " 100-159: 100 100"]);
    assert.equal(lastRevisions(ran).length, 3);
  });

  it("sets aside what comes after a window was let go of", () => {
    const trigger = triggerOf({ window: { kind: "tumbling", sizeMs: 10 }, late: { allowedMs: 0, rule: "update", keepMs: 100 } });
    const { leftOut, ran } = runStage(trigger, [{ events: [event(1), event(110), event(2)] }, { events: [event(11)] }]);
    assert.deepEqual(leftOut.map(({ event: { timeMs }, why, aside }) => [timeMs, why, aside]), [[2, "late", true]]);
    assert.deepEqual(ran.map(({ startMs, reason }) => [startMs, reason]), [[0, "watermark"], [10, "late"]]);
  });

  it("leaves out and counts what is over a bound, and keeps no more than that", () => {
    const many = Array.from({ length: limits.windowSubjectEventsMax + 5 }, () => event(1, "one"));
    const { leftOut, stage } = runStage(triggerOf({ window: { kind: "tumbling", sizeMs: 10 } }), [{ events: many }]);
    assert.deepEqual([leftOut.length, leftOut[0]?.why, stage.counts.full, stage.waiting], [5, "full", 5, limits.windowSubjectEventsMax]);
    const large = Array.from({ length: 20 }, (_, index) => event(1, `d${index}`, "/s", "x".repeat(1 << 20)));
    assert.ok(runStage(triggerOf({ window: { kind: "tumbling", sizeMs: 10 } }), [{ events: large }]).leftOut.length >= 20 - (limits.windowWaitingBytesMax >> 20));
  });

  it("forgets silent subjects when there are too many, furthest back first, and never one that is waited for", () => {
    const trigger = triggerOf({ window: { kind: "tumbling", sizeMs: 10 }, late: { allowedMs: 0, rule: "drop" } });
    const all = Array.from({ length: limits.windowKeysMax }, (_, index) => event(index, `d${index}`));
    const more = [event(9_000, "new-1"), event(9_000, "new-2")];
    assert.deepEqual(runStage(trigger, [{ events: [...all, ...more] }]).leftOut.map(({ why }) => why), ["full", "full"]);
    const { leftOut, stage, cells } = runStage(trigger, [{ events: all }, { events: [], waitMs: 1_000 }, { events: more, waitMs: 1_000 }]);
    assert.deepEqual([leftOut.length, stage.counts.forgotten, stage.waiting], [0, 2, limits.windowKeysMax]);
    assert.deepEqual([...cells.keys()].filter((name) => /(^|[/ ])d[012]$/.test(name)).sort(), ["clock//s d2", "events/1/d2", "key/d2"]);
  });

  it("hands out a long backlog in batches, and takes no event while windows are due", () => {
    const sliding = triggerOf({ window: { kind: "sliding", sizeMs: 60, everyMs: 1 }, late: { allowedMs: 1_000, rule: "drop" } });
    const events = [...Array.from({ length: 400 }, (_, index) => event(index)), event(5_000)];
    const { ran, cells } = runStage(sliding, events.map((one) => ({ events: [one], restarts: true })));
    assert.equal(ran.length, 459);
    assert.ok(cells.size < 10, `${cells.size} cells`);
  });
});
