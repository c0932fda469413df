import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isNodeName, type NodeName } from "../units.ts";
import { election, electionRules, isLead, leaseMsFor, leadKnown, majorityOf, nextTickMs, startElection, type ElectionEvent, type ElectionRules, type ElectionState, type Step } from "./election.ts";

const name = (text: string): NodeName => {
  assert.ok(isNodeName(text));
  return text;
};
const [a, b, c] = [name("a"), name("b"), name("c")];
const rules = electionRules(a, [b, c]);
const start = (nowMs = 0): ElectionState => startElection({ term: 4, votedFor: undefined }, { nowMs, uniform: 0 }, rules);
const tick = (state: ElectionState, nowMs: number): Step => election.step(state, { kind: "tick", nowMs, uniform: 0 }, rules);
const answer = (state: ElectionState, nowMs: number, from: NodeName, granted = true, term = state.term): Step =>
  election.step(state, { kind: "answered", nowMs, uniform: 0, from, round: state.round, term, granted }, rules);
const asked = (state: ElectionState, nowMs: number, from: NodeName, term: number, pre = false): Step => election.step(state, { kind: "asked", nowMs, uniform: 0, from, term, pre }, rules);
const renewed = (state: ElectionState, nowMs: number, from: NodeName, term: number): Step => election.step(state, { kind: "renewed", nowMs, uniform: 0, from, term }, rules);

/** Elected at 10,000 ms in term 5. */
function elected(): ElectionState {
  const prober = tick(start(), 10_000);
  assert.deepEqual([prober.state.kind, prober.ask], ["prober", { method: "vote", term: 5, pre: true, round: 1 }]);
  const candidate = answer(prober.state, 10_000, b);
  assert.deepEqual([candidate.state.kind, candidate.persist, candidate.ask], ["candidate", { term: 5, votedFor: a }, { method: "vote", term: 5, pre: false, round: 2 }]);
  const lead = answer(candidate.state, 10_000, c);
  assert.deepEqual([lead.state.kind, lead.ask], ["lead", { method: "renew", term: 5, round: 3 }]);
  return lead.state;
}

test("a majority is of the enrolled, and a lease is over before a promise is, whatever the drift", () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(majorityOf), [1, 2, 2, 3, 3]);
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 100_000 }), fc.integer({ min: 0, max: 50_000 }), fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }), (promiseMs, driftPpm, lead, voter) => {
      const real = (ms: number, drift: number): number => ms / (1 + (drift * driftPpm) / 1e6);
      assert.ok(real(leaseMsFor(promiseMs, driftPpm), lead) <= real(promiseMs, voter) + 1e-6);
    }),
  );
});

test("a member is elected by pre-vote, vote and majority, and its lease counts from when it asked", () => {
  const state = elected();
  assert.ok(isLead(state, 10_000 + rules.leaseMs - 1));
  assert.ok(!isLead(state, 10_000 + rules.leaseMs));
});

test("a lead that cannot renew with a majority steps down when its lease runs out", () => {
  const renewing = tick(elected(), 10_000 + rules.renewMs);
  assert.equal(renewing.ask?.method, "renew");
  const renewedState = answer(renewing.state, 11_600, b).state;
  assert.ok(isLead(renewedState, 10_000 + rules.renewMs + rules.leaseMs - 1));
  const over = tick(renewedState, 10_000 + rules.renewMs + rules.leaseMs);
  assert.deepEqual([over.state.kind, leadKnown(over.state, 99_999, a)], ["follower", undefined]);
});

test("an answer to an earlier round does not renew", () => {
  const state = tick(elected(), 10_000 + rules.renewMs).state;
  const late = election.step(state, { kind: "answered", nowMs: 12_000, uniform: 0, from: b, round: state.round - 1, term: state.term, granted: true }, rules).state;
  assert.ok(!isLead(late, 10_000 + rules.leaseMs));
});

test("after a start a member votes for nobody until earlier promises are over", () => {
  assert.deepEqual(asked(start(), rules.promiseMs - 1, b, 9).reply, { granted: false, term: 4 });
  assert.deepEqual(asked(start(), rules.promiseMs, b, 9).reply, { granted: true, term: 9 });
  assert.equal(tick(start(), rules.promiseMs - 1).state.kind, "follower");
});

test("one vote a term, persisted, and no other lead while the promise holds", () => {
  const voted = asked(start(), 10_000, b, 5);
  assert.deepEqual([voted.reply, voted.persist], [{ granted: true, term: 5 }, { term: 5, votedFor: b }]);
  assert.equal(asked(voted.state, 99_000, c, 5).reply?.granted, false, "the same term, long after");
  assert.equal(asked(voted.state, 10_000 + rules.promiseMs - 1, c, 6).reply?.granted, false, "a later term, too early");
  assert.equal(asked(voted.state, 10_000 + rules.promiseMs, c, 6).reply?.granted, true);
  assert.equal(asked(voted.state, 10_001, b, 6).reply?.granted, true, "whom it promised it to may ask again");
});

test("a member that comes back disturbs nobody: its higher term is refused and not adopted", () => {
  const follower = renewed(start(), 10_000, b, 5).state;
  const pre = asked(follower, 11_000, c, 80, true);
  const real = asked(follower, 11_000, c, 80);
  assert.deepEqual([pre.reply, real.reply, pre.state.term, real.state.term], [{ granted: false, term: 5 }, { granted: false, term: 5 }, 5, 5]);
  assert.deepEqual(asked(elected(), 11_000, c, 80).reply, { granted: false, term: 5 });
});

test("a renewal of an older term is refused, one of a newer is followed and persisted", () => {
  assert.deepEqual(renewed(start(), 10_000, b, 3).reply, { granted: false, term: 4 });
  const step = renewed(elected(), 10_500, b, 6);
  assert.deepEqual([step.state.kind, step.reply, step.persist, leadKnown(step.state, 10_501, a)], ["follower", { granted: true, term: 6 }, { term: 6, votedFor: b }, b]);
});

test("a lead or candidate that hears of a later term ends its round", () => {
  const step = answer(elected(), 10_100, b, false, 9);
  assert.deepEqual([step.state.kind, step.state.term, step.persist], ["follower", 9, { term: 9, votedFor: undefined }]);
});

test("any events in any order: terms never fall, a vote is never changed within a term, and the next tick is ahead or due", () => {
  const member = fc.constantFrom(b, c);
  const uniform = fc.double({ min: 0, max: 0.999, noNaN: true });
  const term = fc.integer({ min: 1, max: 8 });
  const waitMs = fc.integer({ min: 0, max: 5_000 });
  const event: fc.Arbitrary<{ readonly waitMs: number; readonly make: (nowMs: number, state: ElectionState) => ElectionEvent }> = fc.oneof(
    fc.record({ waitMs, uniform }).map(({ waitMs: wait, uniform: u }) => ({ waitMs: wait, make: (nowMs: number) => ({ kind: "tick", nowMs, uniform: u }) as const })),
    fc.record({ waitMs, uniform, from: member, term, pre: fc.boolean() }).map(({ waitMs: wait, ...rest }) => ({ waitMs: wait, make: (nowMs: number) => ({ kind: "asked", nowMs, ...rest }) as const })),
    fc.record({ waitMs, uniform, from: member, term }).map(({ waitMs: wait, ...rest }) => ({ waitMs: wait, make: (nowMs: number) => ({ kind: "renewed", nowMs, ...rest }) as const })),
    fc.record({ waitMs, uniform, from: member, granted: fc.boolean(), ahead: fc.integer({ min: 0, max: 1 }) }).map(({ waitMs: wait, ahead, ...rest }) => ({
      waitMs: wait,
      make: (nowMs: number, state: ElectionState) => ({ kind: "answered", nowMs, round: state.round, term: state.term + (rest.granted ? 0 : ahead), ...rest }) as const,
    })),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = start();
      let nowMs = 0;
      for (const { waitMs: wait, make } of events) {
        nowMs += wait;
        const before = state;
        const step: Step = election.step(before, make(nowMs, before), rules);
        state = step.state;
        assert.ok(state.term >= before.term);
        if (state.term === before.term && before.votedFor !== undefined) assert.equal(state.votedFor, before.votedFor);
        if (state.term !== before.term || state.votedFor !== before.votedFor) assert.deepEqual(step.persist, { term: state.term, votedFor: state.votedFor });
        if (state.kind === "lead" && before.kind !== "lead") assert.ok(state.yes.size >= 1 && before.kind === "candidate");
        assert.ok(Number.isFinite(nextTickMs(state, rules)));
      }
    }),
    { numRuns: 500 },
  );
});

test("the rules of a site hold its members in one order wherever they are asked for", () => {
  const seen: ElectionRules = electionRules(c, [b, a]);
  assert.deepEqual([seen.members, seen.quorum], [[a, b, c], 2]);
});
