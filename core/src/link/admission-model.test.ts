import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createAdmission, type AdmissionBounds, type AdmissionWord } from "./admission.ts";
import { createChildCredit, type ChildCredit, type Credit } from "./child-credit.ts";

const bounds: AdmissionBounds = { creditBytesMax: 1000, alarmCreditBytesMax: 100, waitingMax: 3 };
const stepsMax = 20_000;

interface Child {
  /** Sizes of what is to be sent; each goes whole. */
  readonly runs: number[];
  /** Has nothing left to send when it is granted credit for it: the lane was refused meanwhile. */
  readonly givesUp: boolean;
  /** Sent and not on disk. */
  unsettled: number;
  sinceMs: number | undefined;
  backAtMs: number;
  /** Of the connection; none while it is away. */
  session: number | undefined;
  credit: ChildCredit;
  isDone: boolean;
}

/** Children with runs to send, driven in any order by what they are told; says how many runs were never sent. */
function drive(backlogs: readonly (readonly number[])[], choices: readonly number[], returns = true): number {
  const admission = createAdmission(bounds);
  const children = backlogs.map((runs, index): Child => ({ runs: [...runs], givesUp: index % 3 === 2, unsettled: 0, sinceMs: undefined, backAtMs: 0, session: undefined, credit: createChildCredit(), isDone: false }));
  const bySession = new Map<number, Child>();
  let nowMs = 0;
  let fresh = 0;

  const hear = (words: readonly AdmissionWord[]): void => {
    for (const told of words) {
      const child = bySession.get(told.session);
      if (child?.session !== told.session) continue;
      if (told.word === "credit") {
        const isMore = child.credit.granted([told.credit.data, told.credit.alarm]);
        if (isMore && child.givesUp) child.runs.length = 0;
      } else {
        child.backAtMs = nowMs + told.retryAfterMs;
        child.session = undefined;
        hear(admission.left(told.session, nowMs));
      }
    }
  };
  const giveBack = (session: number, [data, alarm]: Credit): void => {
    const words = returns ? admission.returned(session, data, alarm, nowMs) : [];
    assert.ok(words !== undefined, "a child returned more than it had");
    hear(words);
  };

  function come(child: Child): void {
    if (nowMs < child.backAtMs || child.unsettled > 0) return;
    const session = ++fresh;
    Object.assign(child, { session, credit: createChildCredit() });
    bySession.set(session, child);
    hear(admission.arrived(session));
    const { data, alarm } = admission.credit(session);
    child.credit.granted([data, alarm]);
  }

  function go(child: Child, session: number): void {
    if (child.unsettled > 0) {
      const bytes = child.unsettled;
      child.unsettled = 0;
      return hear(admission.settled(session, "data", bytes, nowMs));
    }
    if (child.runs.length === 0) {
      giveBack(session, child.credit.takeUnused());
      child.isDone = true;
      return;
    }
    const count = child.credit.fitting(child.runs.map((bytes) => ({ bytes, isAlarm: false })));
    if (count > 0) {
      const bytes = child.runs.splice(0, count).reduce((sum, run) => sum + run, 0);
      assert.equal(admission.received(session, bytes, 0), true);
      child.credit.spend(bytes, 0);
      child.unsettled = bytes;
      return;
    }
    if (!child.credit.asks("data", child.runs[0] ?? 0)) return;
    child.sinceMs ??= nowMs;
    hear(admission.asked(session, { kind: "data", bytes: child.runs[0] ?? 0, waitedMs: nowMs - child.sinceMs }, nowMs));
  }

  for (let step = 0; step < stepsMax && !children.every(({ isDone }) => isDone); step++) {
    nowMs += 10;
    const child = children[((choices[step % choices.length] ?? 0) + step) % children.length];
    if (child === undefined) continue;
    if (child.session === undefined) come(child);
    else go(child, child.session);
    const { creditBytes, creditBytesMax, waiting, waitingMax, heldBytes } = admission.status();
    assert.ok(creditBytes <= creditBytesMax && heldBytes <= creditBytes && waiting <= waitingMax);
  }
  return children.reduce((sum, { runs }) => sum + runs.length, 0);
}

const anyBacklogs = fc.array(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 });
const anyChoices = fc.array(fc.nat(1000), { minLength: 200, maxLength: 200 });

test("model: whatever happens in whatever order, the bounds hold and everybody is served", () => {
  fc.assert(fc.property(anyBacklogs, anyChoices, (backlogs, choices) => assert.equal(drive(backlogs, choices), 0, "somebody was never served")), { numRuns: 100 });
});

test("planted: children that keep what they do not need come to hold all credit, and the others wait for ever", () => {
  const backlogs = Array.from({ length: 40 }, (_, index) => [90 + (index % 7), 60, 110]);
  assert.ok(drive(backlogs, [0], false) > 0);
  assert.equal(drive(backlogs, [0]), 0);
});
