import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createAdmission, type AdmissionBounds, type AdmissionWord } from "./admission.ts";
import { limits } from "../limits.ts";

const bounds: AdmissionBounds = { creditBytesMax: 1000, alarmCreditBytesMax: 100, waitingMax: 3 };
const sessionsOf = (words: readonly AdmissionWord[], word: AdmissionWord["word"]): number[] => words.filter((told) => told.word === word).map((told) => told.session);
const ask = (bytes: number, waitedMs = 0, kind: "data" | "alarm" = "data") => ({ kind, bytes, waitedMs });

/** A parent whose credit is all with session 1. */
function fullParent(waitingMax = bounds.waitingMax) {
  const admission = createAdmission({ ...bounds, waitingMax });
  admission.arrived(1);
  const missing = bounds.creditBytesMax - admission.status().creditBytes;
  admission.asked(1, ask(Math.max(0, missing + 100)), 0); // the alarms' first credit stands in the sum
  admission.asked(1, ask(1000), 0);
  return admission;
}

test("half of the credit is never given unasked, however many come", () => {
  const admission = createAdmission({ ...bounds, creditBytesMax: 100_000, alarmCreditBytesMax: 20_000 });
  for (let session = 1; session <= 1000; session++) admission.arrived(session);
  assert.ok(admission.status().creditBytes <= 60_000);
  const [told] = admission.asked(1000, ask(50_000), 0);
  assert.deepEqual(told?.word, "credit");
});

test("what is not granted cannot be received", () => {
  const admission = createAdmission(bounds);
  admission.arrived(1);
  const { data, alarm } = admission.credit(1);
  assert.ok(data > 0);
  assert.equal(admission.received(1, data + 1, 0), false);
  assert.equal(admission.received(1, data, alarm), true);
  assert.equal(admission.received(1, 1, 0), false);
  assert.equal(admission.received(2, 1, 0), false);
});

test("who waits is served in the order of its waiting, also over connections", () => {
  const admission = fullParent(10);
  for (const session of [2, 3, 4]) admission.arrived(session);
  assert.deepEqual(admission.asked(2, ask(200, 10), 100), []);
  assert.deepEqual(admission.asked(3, ask(200, 80), 110), [], "it has waited longer, on an earlier connection");
  assert.deepEqual(admission.asked(4, ask(200, 0), 120), []);
  assert.deepEqual(sessionsOf(admission.left(1, 200), "credit"), [3, 2, 4]);
});

test("where too many wait, the one that came last is told to come back, later each time, and the longest wait keeps its place", () => {
  const admission = fullParent();
  for (let session = 2; session <= 9; session++) admission.arrived(session);
  for (const session of [2, 3]) admission.asked(session, ask(100), session); // session 1 waits too
  const longMs = 200_000; // nobody was served for so long
  const later = (words: readonly AdmissionWord[]) => words.flatMap((told) => (told.word === "later" ? [[told.session, told.retryAfterMs] as const] : []));
  const [first] = later(admission.asked(4, ask(100), longMs));
  const [second] = later(admission.asked(5, ask(100), longMs));
  assert.equal(first?.[0], 4);
  assert.equal(second?.[0], 5);
  assert.ok((second?.[1] ?? 0) > (first?.[1] ?? Infinity) && (second?.[1] ?? 0) <= limits.linkLaterMaxMs);
  const [third] = later(admission.asked(6, ask(100, longMs - 1), longMs));
  assert.equal(third?.[0], 3, "six has waited since 1, three since 3");
  assert.equal(admission.status().waitingHigh, 3);
});

test("alarms have credit that no backlog can take, and only alarms wait for it", () => {
  const admission = createAdmission({ creditBytesMax: 1000, alarmCreditBytesMax: 100_000, waitingMax: 1 });
  admission.arrived(1);
  admission.asked(1, ask(800), 0);
  admission.asked(1, ask(1000), 0);
  admission.arrived(2);
  assert.ok(admission.credit(2).alarm > 0);
  const before = admission.credit(2).alarm;
  assert.deepEqual(sessionsOf(admission.asked(2, ask(50_000, 0, "alarm"), 1), "credit"), [2]);
  assert.equal(admission.credit(2).alarm, before + 50_000);
});

test("an alarm's ask is not turned away while data waits", () => {
  const admission = createAdmission({ ...bounds, waitingMax: 1 });
  for (const session of [1, 2, 3]) admission.arrived(session);
  assert.deepEqual(sessionsOf(admission.asked(3, ask(100, 0, "alarm"), 0), "credit"), [3], "all of the alarms' credit");
  assert.deepEqual(admission.asked(1, ask(1000), 0), []);
  assert.deepEqual(sessionsOf(admission.asked(2, ask(100, 0, "alarm"), 1), "later"), [1]);
});

test("what is asked for is granted no further ahead than the disk gets on in two seconds", () => {
  const admission = createAdmission({ creditBytesMax: 32 << 20, alarmCreditBytesMax: 1 << 20, waitingMax: 1000 });
  const turn = limits.linkTurnBytes;
  const granted = new Map<number, number>();
  const hear = (words: readonly AdmissionWord[]): void => {
    for (const told of words) if (told.word === "credit") granted.set(told.session, told.credit.data);
  };
  let nowMs = 0;
  for (let session = 1; session <= 400; session++) {
    hear(admission.arrived(session));
    hear(admission.asked(session, ask(turn), nowMs));
  }
  /** Everybody sends what it may at once; the disk takes 250 bytes a millisecond. */
  const received = new Map<number, number>();
  const queue: { readonly session: number; readonly bytes: number }[] = [];
  for (let step = 0; step < 400; step++) {
    for (const [session, credit] of granted) {
      const bytes = credit - (received.get(session) ?? 0);
      if (bytes === 0) continue;
      assert.equal(admission.received(session, bytes, 0), true);
      received.set(session, credit);
      queue.push({ session, bytes });
    }
    const next = queue.shift();
    if (next === undefined) break;
    nowMs += next.bytes / 250;
    hear(admission.settled(next.session, "data", next.bytes, nowMs));
    if (step > 50) assert.ok(admission.status().heldBytes <= 250 * limits.linkGrantAheadMs * 2 + 2 * turn, `${admission.status().heldBytes} bytes wait for a slow disk`);
  }
  assert.ok(admission.status().granted > 100);
});

/** Children with a backlog, driven to the end by what they are told; every step keeps the bounds, and all are served. */
test("model: whatever happens in whatever order, the bounds hold and everybody is served", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }), fc.array(fc.nat(1000), { minLength: 200, maxLength: 200 }), (backlogs, choices) => {
      const admission = createAdmission(bounds);
      const children = new Map(backlogs.map((backlog, index) => [index + 1, { backlog, spent: 0, unsettled: 0, credit: 0, asks: false, sinceMs: 0, backAtMs: 0, session: 0 }]));
      let nowMs = 0;
      let fresh = 100;
      const bySession = new Map<number, number>();
      const hear = (words: readonly AdmissionWord[]): void => {
        for (const told of words) {
          const child = children.get(bySession.get(told.session) ?? 0);
          if (child?.session !== told.session) continue;
          child.asks = false;
          if (told.word === "credit") child.credit = told.credit.data;
          else {
            child.backAtMs = nowMs + told.retryAfterMs;
            child.session = 0;
            hear(admission.left(told.session, nowMs));
          }
        }
      };
      for (let step = 0; step < 20_000 && [...children.values()].some(({ backlog, unsettled }) => backlog + unsettled > 0); step++) {
        nowMs += 10;
        const number = ((choices[step % choices.length] ?? 0) + step) % backlogs.length + 1;
        const child = children.get(number);
        if (child === undefined) continue;
        if (child.session === 0) {
          if (nowMs < child.backAtMs || child.unsettled > 0) continue;
          child.session = fresh++;
          child.spent = 0;
          bySession.set(child.session, number);
          hear(admission.arrived(child.session));
        } else if (child.unsettled > 0) {
          const bytes = child.unsettled;
          child.unsettled = 0;
          hear(admission.settled(child.session, "data", bytes, nowMs));
        } else if (child.backlog > 0 && child.credit > child.spent) {
          const bytes = Math.min(child.backlog, child.credit - child.spent);
          assert.equal(admission.received(child.session, bytes, 0), true);
          child.spent += bytes;
          child.backlog -= bytes;
          child.unsettled = bytes;
        } else if (child.backlog > 0 && !child.asks) {
          if (child.sinceMs === 0) child.sinceMs = nowMs;
          child.asks = true;
          hear(admission.asked(child.session, ask(child.backlog, nowMs - child.sinceMs), nowMs));
        }
        const { creditBytes, creditBytesMax, waiting, waitingMax, heldBytes } = admission.status();
        assert.ok(creditBytes <= creditBytesMax && heldBytes <= creditBytes && waiting <= waitingMax);
      }
      assert.equal([...children.values()].reduce((sum, { backlog }) => sum + backlog, 0), 0, "somebody was never served");
    }),
    { numRuns: 100 },
  );
});
