import assert from "node:assert/strict";
import { test } from "node:test";
import { islandRootOf, stateOf } from "./node-state.ts";
import { fleetAt, parseRunTrace } from "./run-trace.ts";

const nodes = [{ name: "cloud", site: "cloud", tier: "cloud", parent: null }, { name: "edge", site: "plant", tier: "edge", parent: "cloud" }, { name: "gateway", site: "plant", tier: "gateway", parent: "edge" }];
const lines = [
  { holon: "run", version: 1, scenario: "cut-and-heal", seed: 3, nodes },
  { atMs: 0, nodes: { cloud: [true, null, 0], edge: [true, "open", 0], gateway: [true, "open", 1] } },
  { atMs: 1_000, nodes: { edge: [true, "waiting", 4] } },
  { atMs: 2_000, nodes: { gateway: [false, null, 0] } },
  { atMs: 3_000, nodes: { edge: [true, "open", 0], gateway: [true, "open", 0] } },
  { atMs: 3_000, healed: true },
  { atMs: 4_000, ended: { acknowledged: 9, delivered: 9, convergedMs: 5, violations: [] } },
];
const text = lines.map((line) => JSON.stringify(line)).join("\n");

test("at each moment of a run nodes stand as the simulator said", () => {
  const trace = parseRunTrace(text);
  const at = (ms: number): readonly string[] => {
    const fleet = fleetAt(trace, ms);
    return [...fleet.nodes.values()].map((node) => `${stateOf(node, fleet, Date.now())}${islandRootOf(node, fleet.nodes)?.name ?? ""}`);
  };
  assert.deepEqual(at(500), ["present", "present", "present"]);
  assert.deepEqual(at(1_500), ["present", "silentedge", "presentedge"], "what stands behind a cut is of its island");
  assert.deepEqual(at(2_500), ["present", "silentedge", "down"]);
  assert.deepEqual(at(3_500), ["present", "present", "present"]);
  assert.deepEqual(trace.happenings.map(({ atMs, node, what }) => `${atMs} ${node} ${what}`), ["1000 edge cut", "2000 gateway down", "3000 edge healed", "3000 gateway up"]);
  assert.deepEqual([trace.endMs, trace.healedMs, trace.ended?.delivered], [4_000, 3_000, 9]);
});

test("what is no trace is refused with the line at fault", () => {
  assert.throws(() => parseRunTrace(""), /line 1 is no JSON object/);
  assert.throws(() => parseRunTrace('{"holon":"run","version":2,"nodes":[]}'), /does not begin/);
  assert.throws(() => parseRunTrace(`${lines.slice(0, 1).map((line) => JSON.stringify(line)).join("")}\n{"nodes":{}}`), /line 2 has no time/);
  assert.throws(() => parseRunTrace(`${JSON.stringify(lines[0])}\n{"atMs":1,"nodes":{"edge":[1]}}`), /line 2 says of a node/);
});
