import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission, type Admission, type AdmissionBounds, type AdmissionWord } from "./admission.ts";
import { limits } from "../limits.ts";

const bounds: AdmissionBounds = { creditBytesMax: 1000, alarmCreditBytesMax: 100, waitingMax: 3 };
const sessionsOf = (words: readonly AdmissionWord[], word: AdmissionWord["word"]): number[] => words.filter((told) => told.word === word).map((told) => told.session);
const ask = (bytes: number, waitedMs = 0, kind: "data" | "alarm" = "data") => ({ kind, bytes, waitedMs });

/** A session begins and gives back what it is given unasked. */
function come(admission: Admission, session: number): void {
  admission.arrived(session);
  const { data, alarm } = admission.credit(session);
  assert.deepEqual(admission.returned(session, data, alarm, 0), []);
}

/** A session takes all credit there is, sends as much, and waits for more. */
function takeAll(admission: Admission, session: number): void {
  come(admission, session);
  admission.asked(session, ask(1000), 0);
  assert.equal(admission.received(session, 1000, 0), true);
  assert.deepEqual(admission.asked(session, ask(1000), 0), []);
}

function fullParent(waitingMax = bounds.waitingMax) {
  const admission = createAdmission({ ...bounds, waitingMax });
  takeAll(admission, 1);
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
  for (const session of [2, 3, 4]) come(admission, session);
  assert.deepEqual(admission.asked(2, ask(200, 10), 100), []);
  assert.deepEqual(admission.asked(3, ask(200, 80), 110), [], "it has waited longer, on an earlier connection");
  assert.deepEqual(admission.asked(4, ask(200, 0), 120), []);
  assert.deepEqual(admission.left(1, 200), [], "what it sent is not on disk yet");
  assert.deepEqual(sessionsOf(admission.settled(1, "data", 1000, 300), "credit"), [3, 2, 4]);
});

test("where too many wait, the one that came last is told to come back, later each time, and the longest wait keeps its place", () => {
  const admission = fullParent();
  for (let session = 2; session <= 500; session++) come(admission, session);
  for (const session of [2, 3]) admission.asked(session, ask(100), session); // session 1 waits too
  const longMs = 200_000; // nobody was served for so long
  const later = (words: readonly AdmissionWord[]) => words.flatMap((told) => (told.word === "later" ? [told] : []));
  const told = Array.from({ length: 400 }, (_, index) => later(admission.asked(5 + index, ask(100), longMs)).at(0));
  assert.deepEqual(told.map((one) => one?.session), told.map((_, index) => 5 + index));
  assert.ok((told.at(-1)?.retryAfterMs ?? 0) > 2 * (told[0]?.retryAfterMs ?? Infinity) && (told.at(-1)?.retryAfterMs ?? Infinity) <= limits.linkLaterMaxMs);
  const [displaced] = later(admission.asked(500, ask(100, longMs - 1), longMs));
  assert.equal(displaced?.session, 3, "the newcomer has waited since 1, three since 3");
  assert.equal(admission.status().waitingHigh, 3);
});

test("alarms have credit that no backlog can take, and only alarms wait for it", () => {
  const admission = createAdmission({ creditBytesMax: 1000, alarmCreditBytesMax: 100_000, waitingMax: 10 });
  takeAll(admission, 1);
  admission.arrived(2);
  const { alarm } = admission.credit(2);
  assert.ok(alarm > 0);
  assert.deepEqual(admission.returned(2, 0, alarm, 1), []);
  assert.deepEqual(sessionsOf(admission.asked(2, ask(50_000, 0, "alarm"), 1), "credit"), [2]);
  assert.equal(admission.credit(2).alarm, alarm + 50_000);
});

test("an alarm's ask is not turned away while data waits", () => {
  const admission = createAdmission({ ...bounds, waitingMax: 1 });
  takeAll(admission, 1);
  for (const session of [2, 3]) come(admission, session);
  assert.deepEqual(sessionsOf(admission.asked(3, ask(100, 0, "alarm"), 0), "credit"), [3], "all of the alarms' credit");
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

test("who waits for what others were promised is served when that does not come, though nothing happens meanwhile, and at once when their link is gone", () => {
  for (const isGone of [false, true]) {
    const admission = createAdmission({ creditBytesMax: 32 << 20, alarmCreditBytesMax: 1 << 20, waitingMax: 1000 });
    const most = limits.frameBytesMax;
    for (const session of [1, 2]) admission.arrived(session);
    const credited = (words: readonly AdmissionWord[]): readonly number[] => words.flatMap((word) => (word.word === "credit" ? [word.session] : []));
    assert.deepEqual(credited(admission.asked(1, ask(most), 0)), [1]);
    assert.deepEqual(credited(admission.asked(2, ask(most), 100)), []);
    if (isGone) {
      assert.deepEqual(credited(admission.left(1, 200)), [2]);
      assert.equal(admission.lapsesIn(200), undefined);
      continue;
    }
    let nowMs = 200;
    const served: number[] = [];
    for (let waitMs = admission.lapsesIn(nowMs); waitMs !== undefined; waitMs = admission.lapsesIn(nowMs)) {
      assert.ok(waitMs >= 1 && waitMs <= 1_000, `${waitMs}`);
      nowMs += waitMs;
      served.push(...credited(admission.lapsed(nowMs)));
    }
    assert.deepEqual(served, [2]);
    assert.ok(nowMs <= 3_000, `it took ${nowMs} ms`);
  }
});

test("credit that is not needed comes back: children that are done do not hold it all", () => {
  const admission = createAdmission({ ...bounds, waitingMax: 10 });
  for (const session of [1, 2]) come(admission, session);
  admission.asked(1, ask(1000), 0);
  assert.deepEqual(admission.asked(2, ask(400), 1), []);
  assert.equal(admission.returned(1, 10_000, 0, 2), undefined, "more than it has");
  assert.deepEqual(sessionsOf(admission.returned(1, 1000, 0, 2) ?? [], "credit"), [2]);
  assert.equal(admission.received(1, 1, 0), false, "it counts as spent");
});

test("one that asks again and again and sends nothing is given what it asked for once", () => {
  const admission = createAdmission({ ...bounds, waitingMax: 10 });
  come(admission, 1);
  for (let time = 0; time < 10; time++) admission.asked(1, ask(100), time);
  assert.equal(admission.status().creditBytes, 100);
});

test("one that asks anew while it waits keeps its place and waits once", () => {
  const admission = fullParent(10);
  for (const session of [2, 3]) come(admission, session);
  for (const [session, bytes] of [[2, 100], [3, 100], [2, 200]] as const) assert.deepEqual(admission.asked(session, ask(bytes), session), []);
  assert.deepEqual(admission.left(1, 5), []);
  assert.equal(admission.status().waiting, 2);
  const words = admission.settled(1, "data", 1000, 10);
  assert.deepEqual(sessionsOf(words, "credit"), [2, 3]);
  assert.equal(admission.credit(2).data - admission.credit(3).data, 100);
});

test("who has no use for more is not given more", () => {
  const admission = createAdmission({ creditBytesMax: 64 << 20, alarmCreditBytesMax: 1000, waitingMax: 10 });
  admission.arrived(1);
  const { data } = admission.credit(1);
  for (let time = 0; time < 10; time++) {
    assert.equal(admission.received(1, 100, 0), true);
    assert.deepEqual(admission.settled(1, "data", 100, time), []);
  }
  assert.equal(admission.credit(1).data, data);
});
