import assert from "node:assert/strict";
import { test } from "node:test";
import { noStates, type Completeness, type Missing } from "@holon/core/telemetry/completeness.ts";
import { printUnheard } from "./known.ts";

const asOf = "2026-01-02T12:03:10.000Z";
const missing = (node: string, state: Missing["state"]): Missing => ({ node, site: "plant", state, since: state === "awaited" ? null : "2026-01-02T12:00:31.000Z", through: null });
const known = (states: Partial<Completeness["states"]>, ...names: readonly Missing[]): Completeness => ({ nodes: 9, reported: 3, excused: 0, unknown: names.length, through: asOf, states: { ...noStates(), ...states }, missing: [...names] });

test("where everybody is heard nothing is said, also of those that have not told of the newest minute yet", () => {
  assert.equal(printUnheard({ asOf, completeness: known({ present: 9 }, missing("g", "present")) }), undefined);
  assert.equal(printUnheard({}), undefined);
});

test("who is not heard, or late, is counted and named, the first of many", () => {
  assert.equal(printUnheard({ asOf, completeness: known({ silent: 1 }, missing("p", "present"), missing("g", "silent")) }), `as of ${asOf}: of 9 nodes 1 may have more to tell: g is silent since 2026-01-02T12:00:31.000Z, of which nothing is known`);
  const text = printUnheard({ asOf, completeness: known({ silent: 3, slow: 1, awaited: 1 }, missing("a", "silent"), missing("b", "awaited"), missing("c", "slow"), missing("d", "silent")) });
  assert.match(text ?? "", /of 9 nodes 5 may have more to tell: a is silent since .*; b is awaited, of which nothing is known; c is slow .*; and 2 more$/);
});
