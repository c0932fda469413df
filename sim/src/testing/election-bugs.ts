/** Elections with one bug each, to see that the checker of leads catches it. */
import { election, majorityOf, type ElectionMachine, type ElectionRules, type ElectionState, type Step } from "@holon/core/site/election.ts";

/** A lead believes in its lease for longer than the voters promised. */
export const leasesTooLong: ElectionMachine = { step: (state, event, rules) => election.step(state, event, { ...rules, leaseMs: 3 * rules.promiseMs }) };

/** A vote is answered and never written down. */
export const forgetsVotes: ElectionMachine = {
  step(state, event, rules) {
    const { persist: _forgotten, ...step } = election.step(state, event, rules);
    return step;
  },
};

/** A member votes at once after a start, whatever it promised before. */
export const votesAtOnce: ElectionMachine = { step: (state, event, rules) => election.step({ ...state, quietUntilMs: Number.NEGATIVE_INFINITY }, event, rules) };

/** A lead renews its lease whether a majority answers or not. */
export const neverStepsDown: ElectionMachine = {
  step(state, event, rules) {
    const step = election.step(state, event, rules);
    return step.state.kind === "lead" ? { ...step, state: { ...step.state, leaseUntilMs: event.nowMs + rules.leaseMs } } : step;
  },
};

/** A majority of whom it heard of late, instead of the enrolled. */
export function countsReachable(): ElectionMachine {
  const heardMs = new Map<string, Map<string, number>>();
  return {
    step(state: ElectionState, event, rules: ElectionRules): Step {
      const heard = heardMs.get(rules.self) ?? new Map<string, number>();
      heardMs.set(rules.self, heard);
      if (event.kind !== "tick") heard.set(event.from, event.nowMs);
      const reachable = [...heard.values()].filter((ms) => Math.abs(event.nowMs - ms) < rules.renewMs * 2).length + 1;
      return election.step(state, event, { ...rules, quorum: majorityOf(reachable) });
    },
  };
}
