import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextUplinkState, type UplinkEvent, type UplinkState } from "./uplink-state.ts";

const states = ["waiting", "connecting", "offered", "open", "cut", "closed"] as const satisfies readonly UplinkState[];
const events = ["try", "connected", "subscribed", "lost", "cut", "heal", "close"] as const satisfies readonly UplinkEvent[];
const anyEvents = fc.array(fc.constantFrom(...events), { maxLength: 30 });
const after = (from: UplinkState, sequence: readonly UplinkEvent[]): UplinkState => sequence.reduce(nextUplinkState, from);

test("every event leads from every state to a state", () => {
  for (const state of states) for (const event of events) assert.ok(states.includes(nextUplinkState(state, event)), `${state} ${event}`);
});

test("the way to an open link is try, connected, subscribed, and no shorter one", () => {
  assert.equal(after("waiting", ["try", "connected", "subscribed"]), "open");
  for (const left of ["try", "connected", "subscribed"] as const) {
    assert.notEqual(after("waiting", (["try", "connected", "subscribed"] as const).filter((event) => event !== left)), "open");
  }
});

test("every transition that moves is one of these", () => {
  const moves = states.flatMap((state) => events.filter((event) => nextUplinkState(state, event) !== state).map((event) => `${state} ${event} ${nextUplinkState(state, event)}`));
  const lines = [
    ...["waiting try connecting", "connecting connected offered", "offered subscribed open"],
    ...["connecting", "offered", "open"].map((state) => `${state} lost waiting`),
    ...["waiting", "connecting", "offered", "open"].map((state) => `${state} cut cut`),
    "cut heal waiting",
    ...["waiting", "connecting", "offered", "open", "cut"].map((state) => `${state} close closed`),
  ];
  assert.deepEqual(moves.sort(), lines.sort());
});

test("a cut holds until it is healed, a close for ever", () => {
  fc.assert(fc.property(anyEvents, (sequence) => after("cut", sequence.filter((event) => event !== "heal" && event !== "close")) === "cut"));
  fc.assert(fc.property(anyEvents, (sequence) => after("closed", sequence) === "closed"));
});

test("from wherever a link is, healing, losing and trying opens it again", () => {
  for (const state of states) if (state !== "closed") assert.equal(after(state, ["lost", "heal", "try", "connected", "subscribed"]), "open", state);
});
