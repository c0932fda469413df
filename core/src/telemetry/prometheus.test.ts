import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "../event/iso-time.ts";
import { noStates, type NodeState } from "./completeness.ts";
import type { FleetRow, FleetStatus } from "./fleet-status.ts";
import { fleetText } from "./prometheus.ts";
import { gaugeOf, type Window } from "./window.ts";

const nowMs = Date.UTC(2026, 0, 1);
const window: Window = { startMs: nowMs - 60_000, endMs: nowMs, everyMs: 60_000, merged: 1, sums: {}, gauges: { "holon.link.up": gaugeOf(1), "process.memory.usage": gaugeOf(9e7) }, durations: {} };

/** What one node of this state is told as, with what it said last. */
function told(state: NodeState, link: FleetRow["link"], self = "cloud", said: Window = window): readonly string[] {
  const row: FleetRow = { node: "g", site: "plant", tier: "gateway", jurisdiction: "EU/DE", parent: "edge", state, since: null, heardAt: isoTime(nowMs), through: isoTime(nowMs), everyMs: 60_000, link, enrolledAt: null, ended: null, clockOffMs: null, late: 0, figures: {} };
  const status: FleetStatus = { asOf: isoTime(nowMs), clock: { state: "synced", offMs: null }, completeness: { nodes: 1, reported: 0, excused: 0, unknown: 1, through: isoTime(nowMs), states: { ...noStates(), [state]: 1 }, missing: [] }, nodes: [row], next: null };
  const text = fleetText(self, status, () => ({ window: said, totals: new Map([["holon.log.records{stream=\"data\"}", 7]]) }));
  assert.match(text, new RegExp(`^holon_node_state\\{node="g",site="plant",state="${state}"\\} 1$`, "m"));
  for (const name of ["heard", "through"]) assert.match(text, new RegExp(`^holon_node_${name}_timestamp_seconds\\{node="g",site="plant"\\} ${nowMs / 1_000}$`, "m"));
  return text.split("\n").flatMap((line) => /^(holon_log_records_total|process_memory_usage_bytes|holon_link_up)\{.* (\S+)$/.exec(line)?.slice(1).join(" ") ?? []);
}

const figures = ["holon_log_records_total 7", "process_memory_usage_bytes 90000000"];

test("figures stand of those that have told of now, and end with what is known of the others", () => {
  for (const state of ["present", "crashed"] as const) assert.deepEqual(told(state, "up").toSorted(), ["holon_link_up 1", ...figures], state);
  for (const state of ["silent", "gone", "awaited", "revoked"] as const) assert.deepEqual(told(state, "unknown"), [], state);
});

test("whether a link is up is what the node above says: 0 of one that is cut off, whatever it said last; nothing where nobody knows or it was stopped in order", () => {
  assert.deepEqual(told("silent", "down"), ["holon_link_up 0"]);
  assert.deepEqual(told("silent", "up"), [], "it is said to be open, and nothing comes");
  assert.deepEqual(told("slow", "up"), ["holon_link_up 1"]);
  for (const state of ["gone", "awaited", "revoked"] as const) assert.deepEqual(told(state, "down"), [], state);
  assert.deepEqual(told("present", "up", "cloud", { ...window, gauges: { "holon.link.up": gaugeOf(0) } }).toSorted(), ["holon_link_up 1", "holon_log_records_total 7"], "it said so before it was back");
});

test("of its own link a node knows best", () => {
  assert.deepEqual(told("present", "up", "g", { ...window, gauges: { "holon.link.up": gaugeOf(0) } }).toSorted(), ["holon_link_up 0", "holon_log_records_total 7"]);
});
