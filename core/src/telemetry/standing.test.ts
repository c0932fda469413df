import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetRow } from "./fleet-status.ts";
import { standingNext, standingText } from "./standing.ts";

const time = (hour: number): string => `2026-03-01T0${hour}:00:00.000Z`;
const row = (state: FleetRow["state"], more: Partial<FleetRow> = {}): FleetRow => ({ node: "gateway-1", site: "plant", tier: "gateway", jurisdiction: "EU/DE", parent: "edge-1", state, since: time(3), heardAt: time(2), through: time(1), everyMs: 60_000, link: "down", enrolledAt: time(0), ended: null, clockOffMs: null, late: 0, figures: {}, ...more });

test("who cannot be asked is told of: how it stands, since when, and by way of whom it was heard last", () => {
  assert.equal(standingText(row("gone")), `gateway-1 was stopped in order at ${time(3)}; its telemetry is known through ${time(1)}; heard last at ${time(2)}, by way of edge-1`);
  assert.equal(standingText(row("silent", { through: null, parent: null })), `gateway-1 is silent since ${time(3)}; none of its telemetry is known; heard last at ${time(2)}`);
  assert.equal(standingText(row("slow", { heardAt: null })), `gateway-1 is slow, and cannot be reached from here now; its telemetry is known through ${time(1)}; nothing of it was ever heard here`);
  assert.equal(standingText(row("revoked")), `gateway-1 was revoked at ${time(3)}, and is no node of this fleet any more`);
  assert.equal(standingText(row("awaited")), `gateway-1 was enrolled at ${time(0)} and has never connected`);
});

test("what to do differs: a planned stop, a power or a line to look at, a cause above it, a token to use", () => {
  assert.match(standingNext(row("gone")), /start it on its machine.*holon node revoke gateway-1/);
  assert.match(standingNext(row("silent"), { state: "present" }), /power, and whether it reaches edge-1.*holon node diagnose gateway-1/);
  assert.match(standingNext(row("silent"), { state: "silent" }), /^edge-1, to which it was connected, is silent: look there first/);
  assert.match(standingNext(row("silent", { parent: null })), /reaches the node above it/);
  assert.match(standingNext(row("awaited")), /holon node enroll/);
  assert.match(standingNext(row("revoked")), /holon node invite gateway-1/);
  assert.match(standingNext(row("present")), /^Ask again soon/);
});
