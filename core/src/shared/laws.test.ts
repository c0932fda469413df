import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sharedKinds, type SharedKind } from "../schema/shared.ts";
import { counterValue } from "./counter.ts";
import { mergeShared, parseShared, printShared, type SharedState } from "./state.ts";
import { live, stepsArbitrary, type Change, type History, type Replica } from "./testing/history.ts";

const runs = { numRuns: 2_000 };
const three = fc.tuple(stepsArbitrary, fc.nat(), fc.nat(), fc.nat());
const pick = (states: readonly SharedState[], number: number): SharedState | undefined => states[number % states.length];

for (const kind of sharedKinds) {
  test(`${kind}: merging is commutative, associative and idempotent, and never below either`, () => {
    fc.assert(
      fc.property(three, ([steps, first, second, third]) => {
        const { states } = live(kind, steps);
        const [a, b, c] = [pick(states, first), pick(states, second), pick(states, third)];
        if (a === undefined || b === undefined || c === undefined) return;
        const ab = mergeShared(a, b);
        same(ab, mergeShared(b, a));
        same(mergeShared(ab, c), mergeShared(a, mergeShared(b, c)));
        same(mergeShared(a, a), a);
        same(mergeShared(a, ab), ab);
        same(mergeShared(b, ab), ab);
      }),
      runs,
    );
  });

  test(`${kind}: a change never falls below what it began from`, () => {
    fc.assert(
      fc.property(stepsArbitrary, (steps) => {
        for (let length = 1; length <= steps.length; length++) {
          const step = steps[length - 1];
          if (step?.what !== "change") continue;
          const [before, after] = [live(kind, steps.slice(0, length - 1)).replicas[step.at]?.state, live(kind, steps.slice(0, length)).replicas[step.at]?.state];
          if (before !== undefined && after !== undefined) same(mergeShared(before, after), after);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`${kind}: replicas that saw the same changes are equal, and are what the oracle says`, () => {
    fc.assert(
      fc.property(stepsArbitrary, (steps) => {
        const history = live(kind, steps);
        for (const replica of history.replicas) {
          agreesWithOracle(kind, replica, history);
          for (const other of history.replicas) if (sameChanges(replica, other)) same(replica.state, other.state);
        }
        const all = union(history);
        agreesWithOracle(kind, all, history);
      }),
      runs,
    );
  });

  test(`${kind}: what is printed is read again, and equal states have equal texts`, () => {
    fc.assert(
      fc.property(stepsArbitrary, (steps) => {
        for (const state of live(kind, steps).states) {
          const text = printShared(state);
          assert.equal(printShared(parseShared(kind, text)), text);
          same(parseShared(kind, text), state);
        }
      }),
      { numRuns: 500 },
    );
  });

  test(`${kind}: what is no such state is refused with a code, whatever it is`, () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          printShared(parseShared(kind, text));
        } catch (error) {
          assert.ok(error instanceof Error && "code" in error && error.code === "HOLON_SHARED_BAD", String(error));
        }
      }),
      runs,
    );
  });
}

const same = (one: SharedState | undefined, other: SharedState | undefined): void => assert.equal(one && printShared(one), other && printShared(other));
/** Slots that nothing was ever written in by their owner do not show, so replicas are compared by the changes they saw. */
const sameChanges = (one: Replica, other: Replica): boolean => one.seen.size === other.seen.size && [...one.seen].every((id) => other.seen.has(id));

function union({ replicas }: History): Pick<Replica, "state" | "seen"> {
  const seen = new Set(replicas.flatMap((replica) => [...replica.seen]));
  const states = replicas.flatMap(({ state }) => state ?? []);
  return { seen, state: states.length === 0 ? undefined : states.reduce(mergeShared) };
}

function agreesWithOracle(kind: SharedKind, { state, seen }: Pick<Replica, "state" | "seen">, { changes }: History): void {
  const known = [...seen].map((id) => changes.get(id)).filter((change) => change !== undefined);
  if (state === undefined) return assert.equal(known.length, 0);
  if (state.kind === "counter") assert.equal(counterValue(state), known.reduce((sum, { amount }) => sum + amount, 0));
  else if (state.kind === "set") assert.deepEqual([...state.elements.keys()].sort(), presentOf(known));
  else {
    const winner = known.find(({ text }) => text === state.text);
    assert.ok(winner !== undefined, `a value that nobody wrote won the ${kind}`);
    assert.ok(known.every((change) => !change.seen.has(winner.id)), "a value won over one that was written with it in sight");
  }
}

/** An element is there if somebody added it and no removal saw that addition. */
function presentOf(known: readonly Change[]): readonly string[] {
  const added = known.filter(({ isExclusion }) => !isExclusion);
  const present = added.filter((addition) => !known.some((change) => change.isExclusion && change.text === addition.text && change.seen.has(addition.id)));
  return [...new Set(present.map(({ text }) => text))].sort();
}
