import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { createFleetView, type Now } from "./fleet-view.ts";
import type { Window } from "./window.ts";

const beginMs = Date.UTC(2026, 0, 1);
const everyMs = 60_000;
const hourMs = 3_600_000;
const yearsMs = beginMs - 1_000;
const at = (ms: number, clock: Now["clock"] = "synced"): Now => ({ wallMs: beginMs + ms, monotonicMs: ms, clock });
const window = (endMs: number): Window => ({ startMs: endMs - everyMs, endMs, everyMs, merged: 1, sums: {}, gauges: {}, durations: {} });
const facts = { site: "plant", tier: "gateway", jurisdiction: "EU/DE" } as const;

/** Cloud with a gateway that was started at the beginning. */
function fleet() {
  const view = createFleetView("cloud");
  view.started("cloud", { ...facts, tier: "cloud" }, beginMs);
  view.heard("cloud", at(0));
  view.started("g", facts, beginMs);
  view.link("cloud", "g", true, beginMs);
  view.heard("g", at(0));
  return view;
}

test("one that is heard and whose telemetry is behind is slow; cut off it is silent, stopped it is gone, and it is present when it has told", () => {
  const view = fleet();
  const state = (ms: number) => view.stateOf("g", at(ms));
  view.told("g", window(beginMs + everyMs), at(everyMs), true);
  const patienceMs = 2 * everyMs + limits.telemetryGraceMs;
  const lateMs = everyMs + patienceMs + 1;
  view.heard("g", at(lateMs));
  assert.equal(state(lateMs - 1)?.state, "present");
  assert.deepEqual(state(lateMs), { state: "slow", sinceMs: beginMs + everyMs + patienceMs });
  view.told("cloud", window(beginMs + lateMs), at(lateMs), false);
  const { completeness } = view.status({}, at(lateMs));
  assert.deepEqual([completeness.states.slow, completeness.reported, completeness.missing.map(({ node, state: of }) => [node, of])], [1, 1, [["g", "slow"]]]);
  view.link("cloud", "g", false, beginMs + lateMs + 1_000);
  assert.deepEqual(state(lateMs + 2_000), { state: "silent", sinceMs: beginMs + lateMs + 1_000 });
  view.link("cloud", "g", true, beginMs + lateMs + 3_000);
  assert.deepEqual(state(lateMs + 4_000), { state: "slow", sinceMs: beginMs + lateMs + 3_000 }, "what it measured meanwhile is not here yet; until the link was open again it was silent");
  view.told("g", window(beginMs + lateMs), at(lateMs + 5_000), true);
  assert.equal(state(lateMs + 5_000)?.state, "present");
  view.stopped("g", beginMs + lateMs + 6_000);
  assert.deepEqual(state(lateMs + 7_000), { state: "gone", sinceMs: beginMs + lateMs + 6_000 });
});

test("one that was enrolled and of which nothing ever came is awaited, in the state and in all counts; revoked it is that", () => {
  const view = fleet();
  view.enrolled("new", facts, beginMs + 1_000);
  const row = () => view.status({ state: "awaited" }, at(2_000)).nodes.map(({ node, state, since }) => [node, state, since]);
  assert.deepEqual(row(), [["new", "awaited", new Date(beginMs + 1_000).toISOString()]]);
  assert.deepEqual([view.completeness(at(2_000)).completeness.states.awaited, view.completeness(at(2_000)).completeness.states.silent], [1, 0]);
  view.revoked("new", beginMs + 3_000);
  const { states, excused } = view.completeness(at(4_000)).completeness;
  assert.deepEqual([states.awaited, states.revoked, states.gone, excused], [0, 1, 0, 1]);
  view.enrolled("new", facts, beginMs + 5_000);
  view.heard("new", at(6_000));
  assert.notEqual(view.stateOf("new", at(6_000))?.state, "awaited");
  view.enrolled("new", { site: "elsewhere", tier: "edge" }, beginMs + 7_000);
  assert.deepEqual([view.siteOf("new"), view.row("new", at(7_000))?.tier], ["elsewhere", "edge"], "as it was enrolled last, until it says itself what it is");
});

test("one that connects for the first time is awaited until its first record is here, and silent since then where none comes", () => {
  const view = fleet();
  view.enrolled("new", facts, beginMs + 1_000);
  view.link("cloud", "new", true, beginMs + 60_000);
  assert.deepEqual(view.stateOf("new", at(60_300)), { state: "awaited", sinceMs: beginMs + 1_000 });
  const laterMs = 60_000 + 30 * 60_000;
  assert.equal(view.stateOf("new", at(laterMs))?.state, "silent", "it is connected, and says nothing");
  assert.equal(view.stateOf("new", at(laterMs))?.sinceMs, beginMs + 60_000);
  view.link("cloud", "other", true, beginMs + 60_000);
  view.started("other", { ...facts, jurisdiction: "EU/DE" }, beginMs + 60_100);
  assert.equal(view.stateOf("other", at(60_200))?.state, "awaited", "its records are on their way");
  view.heard("other", at(60_400));
  assert.equal(view.stateOf("other", at(60_400))?.state, "present");
});

test("a clock that is right for the new parent is right, whatever the former one said of it", () => {
  const view = fleet();
  view.link("cloud", "edge", true, beginMs);
  view.link("edge", "g", true, beginMs + 1_000);
  view.link("cloud", "g", false, beginMs + 500);
  view.clock("edge", "g", hourMs);
  view.told("g", window(beginMs + everyMs), at(everyMs), true); // as it was here
  const row = () => view.status({}, at(everyMs)).nodes.find(({ node }) => node === "g");
  assert.deepEqual([row()?.clockOffMs, row()?.through], [hourMs, new Date(beginMs + everyMs).toISOString()]);
  view.link("edge", "g", false, beginMs + everyMs + 1_000);
  view.link("cloud", "g", true, beginMs + everyMs + 2_000);
  assert.equal(view.status({}, at(everyMs + 3_000)).nodes.find(({ node }) => node === "g")?.clockOffMs, null);
});

test("a clock here at 1970 is said to be that and not those of all others, and what is known holds when it is set", () => {
  const view = createFleetView("cloud");
  const wrong = (ms: number): Now => ({ wallMs: 1_000 + ms, monotonicMs: ms, clock: "unknown" });
  view.started("cloud", { ...facts, tier: "cloud" }, 1_000);
  for (const node of ["g", "h"]) {
    view.started(node, facts, beginMs);
    view.link("cloud", node, true, 1_000);
    view.clock("cloud", node, yearsMs);
    view.heard(node, wrong(everyMs));
    view.told(node, window(1_000 + everyMs), wrong(everyMs), true);
  }
  view.heard("cloud", wrong(everyMs));
  const before = view.status({}, wrong(everyMs));
  assert.deepEqual(before.clock, { state: "unknown", offMs: -yearsMs });
  assert.deepEqual(before.nodes.map(({ node, state, clockOffMs }) => [node, state, clockOffMs]), [["cloud", "present", null], ["g", "present", null], ["h", "present", null]]);
  view.stepped(yearsMs);
  view.clock("cloud", "g", 0);
  const after = view.status({}, at(everyMs + 1_000));
  assert.deepEqual(after.clock, { state: "synced", offMs: null });
  for (const node of ["g", "h"]) {
    const row = after.nodes.find((one) => one.node === node);
    assert.deepEqual([row?.state, row?.clockOffMs, row?.through], ["present", null, new Date(beginMs + everyMs).toISOString()], node);
  }
});

test("what was told while the clock here was a year ahead is not taken for told for a year", () => {
  const view = fleet();
  const aheadMs = 365 * 24 * hourMs;
  view.clock("cloud", "g", -aheadMs);
  view.told("g", window(beginMs + aheadMs + everyMs), { ...at(everyMs), wallMs: beginMs + aheadMs + everyMs }, true);
  view.stepped(-aheadMs);
  view.clock("cloud", "g", 0);
  view.heard("g", at(10 * everyMs));
  const row = view.status({}, at(10 * everyMs)).nodes.find(({ node }) => node === "g");
  assert.deepEqual([row?.state, row?.through], ["slow", new Date(beginMs + everyMs).toISOString()]);
});

const shortMs = 10_000;
const shortPatienceMs = 2 * shortMs + limits.telemetryGraceMs;

/** Cloud, an edge that goes on telling, and a gateway below it that told last at the beginning; both every ten seconds. */
function tiers() {
  const view = fleet();
  view.started("edge", { ...facts, tier: "edge" }, beginMs);
  view.link("cloud", "edge", true, beginMs - hourMs);
  view.link("cloud", "g", false, beginMs - hourMs);
  view.link("edge", "g", true, beginMs - hourMs);
  const tells = (node: string, ms: number): void => {
    view.heard(node, at(ms));
    view.told(node, { ...window(beginMs + ms), startMs: beginMs + ms - shortMs, everyMs: shortMs }, at(ms), true);
  };
  tells("g", 0);
  for (let ms = 0; ms <= shortPatienceMs; ms += shortMs) tells("edge", ms);
  return { view, tells, state: (ms: number) => view.stateOf("g", at(ms)) };
}

test("one that is not heard for longer than its interval allows is silent since it was heard last, whatever is said of its link, and it is not called slow before", () => {
  const { state, view } = tiers();
  assert.equal(state(shortPatienceMs)?.state, "present");
  const lateMs = shortPatienceMs + 1;
  assert.deepEqual(state(lateMs), { state: "silent", sinceMs: beginMs });
  assert.deepEqual([view.row("g", at(lateMs))?.link, view.row("g", at(lateMs))?.since], ["up", new Date(beginMs).toISOString()]);
  const againMs = lateMs + 5_000;
  view.heard("g", at(againMs));
  assert.deepEqual(state(againMs + 100), { state: "slow", sinceMs: beginMs + againMs }, "heard, and its telemetry is behind: before it was heard again it was silent");
});

test("one below a link that was cut is slow since that is open again, not since a time in which it was silent", () => {
  const { state, view, tells } = tiers();
  const backMs = 10 * shortPatienceMs;
  view.link("cloud", "edge", false, beginMs + shortMs);
  assert.deepEqual(state(backMs - 1_000), { state: "silent", sinceMs: beginMs + shortMs });
  view.link("cloud", "edge", true, beginMs + backMs);
  tells("edge", backMs + 400);
  view.heard("g", at(backMs + 500));
  assert.deepEqual(state(backMs + 600)?.state, "slow");
  assert.ok((state(backMs + 600)?.sinceMs ?? 0) >= beginMs + backMs);
  for (let ms = backMs; ms <= 2 * backMs; ms += shortMs) {
    tells("edge", ms);
    tells("g", ms);
  }
  for (let ms = 2 * backMs; ms <= 3 * backMs; ms += shortMs) {
    tells("edge", ms);
    view.heard("g", at(ms));
  }
  assert.equal(state(3 * backMs)?.state, "slow");
  const toldMs = backMs + Math.floor(backMs / shortMs) * shortMs;
  assert.deepEqual(state(3 * backMs)?.sinceMs, beginMs + toldMs + shortPatienceMs, "it was heard all the time, and told nothing more");
});

test("one whose link shows that it lives has more to tell than its line carries: it is slow", () => {
  const { state, view } = tiers();
  const lateMs = shortPatienceMs + 1;
  view.alive("g", lateMs - 5_000, at(lateMs));
  assert.equal(state(lateMs)?.state, "slow");
  assert.equal(state(lateMs - 5_000 + shortPatienceMs + 1)?.state, "silent", "since that sign of life there was no other");
  view.alive("g", 0, at(lateMs));
  assert.equal(state(lateMs)?.state, "slow", "an older sign takes nothing back");
});

test("who tells seldom and whose link is watched is not silent while those above say that it is open", () => {
  const { state, view } = tiers();
  view.told("g", { ...window(beginMs), everyMs }, at(0), false);
  const lateMs = 2 * everyMs + limits.telemetryGraceMs + 1;
  view.heard("edge", at(lateMs));
  assert.equal(state(lateMs)?.state, "slow");
});

test("one that crashed and came back, and is not heard or is behind now, is that", () => {
  const { state, view } = tiers();
  view.resumed("g", "crashed", beginMs - 5_000, beginMs - 1_000);
  assert.equal(state(1_000)?.state, "crashed");
  assert.ok(shortPatienceMs < limits.telemetryCrashedMs);
  assert.equal(state(shortPatienceMs + 1)?.state, "silent");
  view.heard("g", at(shortPatienceMs + 1));
  assert.equal(state(shortPatienceMs + 1)?.state, "slow");
  assert.equal(view.completeness(at(shortPatienceMs + 1)).completeness.states.crashed, 0);
});

const goneMs = shortMs;
const cutMs = 2 * shortMs;

/** The gateway stops in order below an edge that goes on telling until its own link is cut. */
function goneBelow() {
  const { view, tells, state } = tiers();
  view.stopped("g", beginMs + goneMs);
  view.link("edge", "g", false, beginMs + goneMs);
  return { view, tells, state };
}

test("one that stopped in order is gone for as long as somebody is heard who would see it back; behind a cut it is silent since then, and nobody excuses it", () => {
  const { view, tells, state } = goneBelow();
  assert.deepEqual(state(cutMs), { state: "gone", sinceMs: beginMs + goneMs });
  view.link("cloud", "edge", false, beginMs + cutMs);
  const soonMs = cutMs + 1_000;
  assert.deepEqual(state(soonMs), { state: "silent", sinceMs: beginMs + cutMs });
  assert.deepEqual([view.row("g", at(soonMs))?.link, view.completeness(at(soonMs)).completeness.excused], ["unknown", 0]);
  const hours = 3 * hourMs;
  view.link("cloud", "edge", true, beginMs + hours);
  view.heard("edge", at(hours));
  assert.equal(state(hours)?.state, "silent", "what the edge saw meanwhile is not here yet");
  tells("edge", hours);
  assert.deepEqual(state(hours), { state: "gone", sinceMs: beginMs + goneMs });
  view.link("edge", "g", true, beginMs + cutMs + 2_000);
  view.resumed("g", "stopped", beginMs + goneMs, beginMs + cutMs + 2_000);
  tells("g", hours);
  assert.equal(state(hours)?.state, "present");
});

test("one that stopped in order is no more known to be gone when the node that it hung on is not heard, has stopped, or is revoked", () => {
  const silent = goneBelow();
  assert.deepEqual(silent.state(2 * shortPatienceMs + 1), { state: "silent", sinceMs: beginMs + 3 * shortMs });
  const stopped = goneBelow();
  stopped.view.stopped("edge", beginMs + cutMs);
  assert.deepEqual(stopped.state(cutMs + 1_000), { state: "silent", sinceMs: beginMs + cutMs });
  const revoked = goneBelow();
  revoked.view.revoked("edge", beginMs + cutMs);
  assert.deepEqual(revoked.state(cutMs + 1_000), { state: "silent", sinceMs: beginMs + cutMs });
});

test("one that stopped in order, and of which nobody ever said that it hung on them, is gone; so is a child of the one who answers", () => {
  const view = fleet();
  view.stopped("g", beginMs + goneMs);
  view.link("cloud", "g", false, beginMs + goneMs);
  view.started("alone", facts, beginMs);
  view.stopped("alone", beginMs + goneMs);
  for (const name of ["g", "alone"]) assert.deepEqual(view.stateOf(name, at(hourMs)), { state: "gone", sinceMs: beginMs + goneMs }, name);
});

test("a step of a chart counts who stopped in order as missing again from when nobody could see it back", () => {
  const { view } = goneBelow();
  const count = (fromMs: number, nowMs: number) => view.expecting(at(nowMs), ["g"])(beginMs + fromMs, beginMs + fromMs + 1_000);
  assert.deepEqual([count(0, cutMs), count(goneMs + 1_000, cutMs)], [1, 0]);
  view.link("cloud", "edge", false, beginMs + cutMs);
  const laterMs = cutMs + shortMs;
  assert.deepEqual([count(goneMs + 1_000, laterMs), count(cutMs + 1_000, laterMs)], [0, 1]);
});

/** An edge with two children, of which one has a child itself and is lost. */
function edgeOfTwo() {
  const view = createFleetView("edge");
  for (const name of ["edge", "g", "h", "below"]) {
    view.started(name, facts, beginMs);
    view.heard(name, at(0));
  }
  for (const name of ["g", "h"]) view.link("edge", name, true, beginMs);
  view.link("g", "below", true, beginMs);
  view.link("edge", "g", false, beginMs + cutMs);
  const rows = (ms: number) => view.status({}, at(ms)).nodes.map(({ node }) => node);
  return { view, rows };
}

test("one that hangs elsewhere now belongs here no more, with those below it: in no row, in no account, and missing in no chart; here again, it does", () => {
  const { view, rows } = edgeOfTwo();
  assert.deepEqual(view.lostHere(), [{ node: "g", atMs: beginMs + cutMs }]);
  assert.deepEqual([rows(hourMs), view.completeness(at(hourMs)).completeness.states.silent], [["below", "edge", "g", "h"], 2]);
  view.left("g", beginMs + cutMs + 1_000);
  assert.deepEqual([rows(hourMs), view.row("g", at(hourMs)), view.lostHere()], [["edge", "h"], undefined, []]);
  assert.equal(view.completeness(at(hourMs)).completeness.nodes, 2);
  assert.deepEqual([0, hourMs].map((ms) => view.expecting(at(hourMs), ["g", "below"])(beginMs + ms, beginMs + ms + 1_000)), [2, 0], "it belonged, then");
  view.link("h", "g", true, beginMs + cutMs - 1_000);
  assert.deepEqual(rows(hourMs), ["edge", "h"], "that was before");
  view.link("edge", "below", true, beginMs + hourMs);
  assert.deepEqual(rows(hourMs), ["below", "edge", "h"], "one that was below it came by itself");
  view.link("edge", "g", true, beginMs + hourMs);
  assert.deepEqual(rows(hourMs), ["below", "edge", "g", "h"]);
});

test("one that comes back below a child of this node belongs here again", () => {
  const { view, rows } = edgeOfTwo();
  view.left("g", beginMs + cutMs + 1_000);
  view.link("h", "g", true, beginMs + cutMs + 2_000);
  assert.deepEqual(rows(hourMs), ["below", "edge", "g", "h"]);
});

test("where one hangs that a child has lost is known by who is above both, for as long as it is connected there", () => {
  const { view, tells } = tiers();
  view.link("edge", "g", false, beginMs + goneMs);
  assert.equal(view.elsewhere("g", "edge", at(cutMs)), undefined, "nowhere that is known");
  view.link("edge", "under", true, beginMs);
  view.link("under", "g", true, beginMs + cutMs);
  assert.equal(view.elsewhere("g", "edge", at(cutMs)), undefined, "below that child, as it knows itself");
  view.link("cloud", "other", true, beginMs);
  view.link("other", "g", true, beginMs + cutMs);
  view.heard("other", at(cutMs));
  tells("edge", cutMs);
  assert.equal(view.elsewhere("g", "edge", at(cutMs)), beginMs + cutMs);
  assert.equal(view.elsewhere("nobody", "edge", at(cutMs)), undefined);
  view.link("cloud", "other", false, beginMs + cutMs + 1_000);
  assert.equal(view.elsewhere("g", "edge", at(cutMs + 2_000)), undefined, "that one is not heard itself");
});

test("a link that was opened since the node above is back is open, though that it is back is told later; what was open before is not", () => {
  const view = fleet();
  for (const [name, openedMs] of [["early", 10_000], ["late", 1_000]] as const) {
    view.started(name, facts, beginMs);
    view.link("g", name, true, beginMs + openedMs);
    view.heard(name, at(12_000));
  }
  view.resumed("g", "crashed", beginMs + 5_000, beginMs + 11_000);
  view.link("cloud", "g", true, beginMs + 9_000);
  view.heard("g", at(12_000));
  assert.deepEqual([view.row("early", at(13_000))?.link, view.stateOf("early", at(13_000))?.state], ["up", "present"]);
  assert.deepEqual([view.row("late", at(13_000))?.link, view.stateOf("late", at(13_000))], ["down", { state: "silent", sinceMs: beginMs + 5_000 }]);
});

test("one that was silent is present since it is heard again, not since its start", () => {
  const view = fleet();
  view.link("cloud", "g", false, beginMs + 10_000);
  assert.equal(view.stateOf("g", at(15_000))?.state, "silent");
  view.link("cloud", "g", true, beginMs + 20_000);
  view.heard("g", at(21_000));
  assert.deepEqual(view.stateOf("g", at(25_000)), { state: "present", sinceMs: beginMs + 20_000 });
});
