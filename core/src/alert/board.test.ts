import assert from "node:assert/strict";
import { test } from "node:test";
import { objectiveSchema } from "../schema/objective.ts";
import type { FleetRow } from "../telemetry/fleet-status.ts";
import { printKey } from "../telemetry/key.ts";
import { createDurationMeter, type Window } from "../telemetry/window.ts";
import { createBoard, type Board, type BoardLook, type BoardNow } from "./board.ts";
import { completenessOf } from "./row-completeness.ts";

const minuteMs = 60_000;
const beginMs = Date.UTC(2026, 0, 1);
const row = (node: string, state: FleetRow["state"], throughMs: number): FleetRow => ({ node, site: "s", tier: "gateway", jurisdiction: "EU", parent: "edge", state, since: null, heardAt: null, through: new Date(throughMs).toISOString(), everyMs: minuteMs, link: "up", enrolledAt: null, ended: null, clockOffMs: null, late: 0, figures: {} });
const unit = { app: "press", function: "judge" };
const windowOf = (startMs: number, good: number, bad: number): Window => ({ startMs, endMs: startMs + minuteMs, everyMs: minuteMs, merged: 1, gauges: {}, durations: {}, sums: { [printKey("holon.function.events", unit)]: good, ...(bad === 0 ? {} : { [printKey("holon.function.aside", unit)]: bad }) } });
const objective = objectiveSchema.parse({ name: "kept", kind: "loss", target: 0.99 });
const by = (ms: number): BoardNow => ({ ms, isBelieved: true });
const boardOf = (nodes: readonly string[]) => {
  const board = createBoard("edge");
  board.declare([{ app: "press", objective, has: (node) => nodes.includes(node) }], () => undefined);
  return board;
};
const lookOf = (rows: readonly FleetRow[], nowMs: number, more: Partial<BoardLook> = {}): BoardLook => ({ nowMs, tells: () => true, open: new Map(), siteOf: (node) => rows.find((one) => one.node === node)?.site, scopes: (_, has) => (rows.some(({ node }) => has(node)) ? ["s"] : []), completeness: (_, __, has) => completenessOf(rows.filter(({ node }) => has(node)), nowMs), ...more });

test("an objective over nodes that are silent is unknown, never met", () => {
  const board = boardOf(["g1", "g2"]);
  const nowMs = beginMs + 10 * minuteMs;
  for (let at = beginMs; at < nowMs; at += minuteMs) for (const node of ["g1", "g2"]) board.told(node, "s", windowOf(at, 100, 0), by(nowMs));
  assert.equal(board.rows(lookOf([row("g1", "present", nowMs), row("g2", "present", nowMs)], nowMs))[0]?.state, "met");
  const [cut] = board.rows(lookOf([row("g1", "present", nowMs), row("g2", "silent", nowMs - 5 * minuteMs)], nowMs));
  assert.deepEqual([cut?.state, cut?.completeness.unknown, cut?.completeness.missing[0]?.node], ["unknown", 1, "g2"]);
});

test("an objective of which nothing was measured has a row that says so, and one with few events is not judged by them", () => {
  const nowMs = beginMs + 10 * minuteMs;
  const rows = [row("g1", "present", nowMs)];
  const [silent, ...others] = boardOf(["g1"]).rows(lookOf(rows, nowMs));
  assert.deepEqual([silent?.rule, silent?.scope, silent?.state, silent?.lacks, silent?.total, silent?.completeness.nodes, others.length], ["press/kept", "s", "unknown", "data", 0, 1, 0]);
  assert.deepEqual(boardOf(["g1"]).rows(lookOf([], nowMs)).map(({ scope, state, lacks }) => [scope, state, lacks]), [["fleet", "unknown", "nodes"]]);
  const board = boardOf(["g1"]);
  board.told("g1", "s", windowOf(beginMs, 2, 1), by(beginMs + 10 * minuteMs));
  assert.deepEqual(board.look(lookOf(rows, beginMs + minuteMs)), [], "one bad event of three is chance");
  assert.deepEqual(board.rows(lookOf(rows, nowMs)).map(({ state, lacks, eventsMin }) => [state, lacks, eventsMin]), [["unknown", "events", 20]]);
  board.told("g1", "s", windowOf(beginMs + minuteMs, 0, 20), by(beginMs + 10 * minuteMs));
  assert.equal(board.look(lookOf(rows, beginMs + 2 * minuteMs))[0]?.severity, "page");
});

test("how many events it takes can be declared, and then the first bad one may count", () => {
  const eager = createBoard("edge");
  eager.declare([{ app: "press", objective: objectiveSchema.parse({ ...objective, eventsMin: 1 }), has: () => true }], () => undefined);
  eager.told("g1", "s", windowOf(beginMs, 2, 1), by(beginMs + 10 * minuteMs));
  assert.equal(eager.look(lookOf([row("g1", "present", beginMs + minuteMs)], beginMs + minuteMs)).length, 1);
  const patient = createBoard("edge");
  patient.declare([{ app: "press", objective: objectiveSchema.parse({ ...objective, eventsMin: 500 }), has: () => true }], () => undefined);
  patient.told("g1", "s", windowOf(beginMs, 0, 499), by(beginMs + 10 * minuteMs));
  assert.equal(patient.look(lookOf([row("g1", "present", beginMs + minuteMs)], beginMs + minuteMs)).length, 0);
});

test("it burns, is told once, grows no second time, and is over when it burns no more", () => {
  const board = boardOf(["g1"]);
  const rows = [row("g1", "present", beginMs + 1e9)];
  let nowMs = beginMs;
  const minutes = (many: number, bad: number): void => {
    for (let minute = 0; minute < many; minute++, nowMs += minuteMs) board.told("g1", "s", windowOf(nowMs, 100 - bad, bad), by(nowMs + minuteMs));
  };
  minutes(60, 0);
  assert.deepEqual(board.look(lookOf(rows, nowMs)), []);
  minutes(20, 50);
  const [alert] = board.look(lookOf(rows, nowMs));
  assert.deepEqual([alert?.rule, alert?.subject, alert?.severity, alert?.state, alert?.site, alert?.app], ["press/kept", "s", "page", "firing", "s", "press"]);
  assert.ok(alert !== undefined);
  assert.match(alert.message, /^press\/kept \(loss\) burns its error budget too fast in s: \d+ times at 2026-01-01T01:20:00\.000Z, with \d+ % of it left$/, "it is told once, and read as long as it burns");
  const open = new Map([["press/kept@s", alert]]);
  minutes(1, 50);
  assert.deepEqual(board.look(lookOf(rows, nowMs, { open })).map(({ id }) => id), [alert.id]);
  minutes(10 * 60, 0);
  const [last] = board.look(lookOf(rows, nowMs, { open }));
  assert.deepEqual([last?.id, last?.state], [alert.id, "resolved"]);
  assert.deepEqual(board.look(lookOf(rows, nowMs, { open, tells: () => false })), [], "who does not hold the place tells nothing");
});

test("what was kept goes on, and no window counts twice", () => {
  const board = boardOf(["g1"]);
  for (let minute = 0; minute < 5; minute++) board.told("g1", "s", windowOf(beginMs + minute * minuteMs, 99, 1), by(beginMs + 6 * minuteMs));
  const kept = board.kept();
  const next = createBoard("edge");
  next.declare([{ app: "press", objective, has: () => true }], (key) => kept.get(key) ?? undefined);
  for (let minute = 0; minute < 6; minute++) next.told("g1", "s", windowOf(beginMs + minute * minuteMs, 99, 1), by(beginMs + 6 * minuteMs));
  const [told] = next.rows(lookOf([row("g1", "present", beginMs + 6 * minuteMs)], beginMs + 6 * minuteMs));
  assert.deepEqual([Math.round(told?.good ?? 0), Math.round(told?.total ?? 0)], [594, 600]);
});

const goodOf = (board: Board, nowMs: number): number => Math.round(board.rows(lookOf([row("g1", "present", nowMs)], nowMs))[0]?.good ?? 0);

test("one clock that is ahead hides nothing of what the others tell, neither now nor after a start", () => {
  const nowMs = beginMs + 10 * minuteMs;
  const yearMs = 365 * 86_400_000;
  const board = boardOf(["g1", "g2"]);
  for (let at = beginMs; at < nowMs; at += minuteMs) board.told("g1", "s", windowOf(at, 100, 0), by(nowMs));
  board.told("g2", "s", windowOf(nowMs + yearMs, 7, 0), by(nowMs));
  board.told("g2", "s", windowOf(nowMs - minuteMs, 100, 0), by(nowMs));
  assert.equal(goodOf(board, nowMs), 1_100);

  // What the node's own clock told while it was ahead goes when it is right again; so does what was kept of that time.
  board.told("g1", "s", windowOf(nowMs + yearMs, 7, 0), by(nowMs + yearMs + minuteMs));
  const kept = board.kept();
  const next = createBoard("edge");
  next.declare([{ app: "press", objective, has: () => true }], (key) => kept.get(key) ?? undefined);
  for (const one of [board, next]) {
    one.told("g1", "s", windowOf(nowMs, 50, 0), by(nowMs + minuteMs));
    assert.equal(goodOf(one, nowMs + minuteMs), 50);
  }
});

test("a clock that was never set, or begins at the day its system was built, takes nothing back of what was kept", () => {
  const nowMs = beginMs + 10 * minuteMs;
  const board = boardOf(["g1"]);
  for (let at = beginMs; at < nowMs; at += minuteMs) board.told("g1", "s", windowOf(at, 100, 0), by(nowMs));
  for (const startMs of [minuteMs, beginMs - 90 * 86_400_000]) board.told("g1", "s", windowOf(startMs, 100, 0), { ms: startMs + minuteMs, isBelieved: false });
  assert.equal(goodOf(board, nowMs), 1_000);
});

test("what was counted of another objective is not read as this one's, and of one that is no more nothing is kept", () => {
  const board = boardOf(["g1"]);
  board.told("g1", "s", windowOf(beginMs, 99, 1), by(beginMs + minuteMs));
  const kept = board.kept();
  const changed = { app: "press", objective: { ...objective, periodMs: 3_600_000 }, has: () => true };
  const next = createBoard("edge");
  next.declare([changed], (key) => kept.get(key) ?? undefined);
  next.told("g1", "s", windowOf(beginMs + minuteMs, 50, 0), by(beginMs + 2 * minuteMs));
  assert.equal(goodOf(next, beginMs + 2 * minuteMs), 50);
  assert.deepEqual([...kept.keys()], ["press/kept@s"]);
  board.declare([], () => undefined);
  assert.deepEqual([...board.kept()], [["press/kept@s", null]]);
  assert.deepEqual([...board.kept()], []);
});

test("a page is not over because nobody tells any more", () => {
  const board = boardOf(["g1"]);
  let nowMs = beginMs;
  const minutes = (many: number, bad: number): void => {
    for (let minute = 0; minute < many; minute++, nowMs += minuteMs) board.told("g1", "s", windowOf(nowMs, 100 - bad, bad), by(nowMs + minuteMs));
  };
  minutes(72 * 60, 0); // so that it is no ticket beside
  minutes(20, 50);
  const [alert] = board.look(lookOf([row("g1", "present", nowMs)], nowMs));
  assert.ok(alert !== undefined);
  assert.equal(alert.severity, "page");
  const open = new Map([["press/kept@s", alert]]);
  const dark = [row("g1", "silent", nowMs)];
  for (const laterMs of [15 * minuteMs, 40 * minuteMs, 90 * minuteMs, 8 * 60 * minuteMs]) assert.notEqual(board.look(lookOf(dark, nowMs + laterMs, { open }))[0]?.state, "resolved", `${laterMs / minuteMs} minutes later`);
  minutes(10 * 60, 0);
  assert.equal(board.look(lookOf([row("g1", "present", nowMs)], nowMs, { open }))[0]?.state, "resolved");
});

test("a page is not over because the one who burnt is silent, and the others are well; and not for ever open", () => {
  const board = boardOf(["g1", "g2"]);
  let nowMs = beginMs;
  const minutes = (many: number, ...bad: readonly number[]): void => {
    for (let minute = 0; minute < many; minute++, nowMs += minuteMs) bad.forEach((count, at) => board.told(`g${at + 1}`, "s", windowOf(nowMs, 100 - count, count), by(nowMs + minuteMs)));
  };
  minutes(72 * 60, 0, 0);
  minutes(30, 0, 100);
  const rows = (other: FleetRow["state"]) => [row("g1", "present", nowMs), row("g2", other, nowMs)];
  const [alert] = board.look(lookOf(rows("present"), nowMs));
  assert.equal(alert?.severity, "page");
  assert.ok(alert !== undefined);
  const open = new Map([["press/kept@s", alert]]);
  minutes(10, 0);
  assert.notEqual(board.look(lookOf(rows("silent"), nowMs, { open }))[0]?.state, "resolved");
  assert.equal(board.look(lookOf(rows("present"), nowMs, { open }))[0]?.state, "resolved");
  minutes(8 * 60, 0);
  assert.equal(board.look(lookOf(rows("silent"), nowMs, { open }))[0]?.state, "resolved");
});

test("an alert says of which site it is, be it by site or by node: routes and silences of a site are to hold for it", () => {
  const rows = [row("g1", "present", beginMs + 1e9)];
  for (const [per, scope, site] of [["site", "s", "s"], ["node", "g1", "s"], ["fleet", "fleet", undefined]] as const) {
    const board = createBoard("edge");
    board.declare([{ app: "press", objective: objectiveSchema.parse({ ...objective, per, eventsMin: 1 }), has: () => true }], () => undefined);
    board.told("g1", "s", windowOf(beginMs, 0, 5), by(beginMs + minuteMs));
    const [alert] = board.look(lookOf(rows, beginMs + minuteMs, { scopes: () => [scope] }));
    assert.deepEqual([alert?.subject, alert?.site], [scope, site]);
  }
});

test("latency is not met, but unknown, while a function handles nothing of what waits", () => {
  const board = createBoard("edge");
  board.declare([{ app: "press", objective: objectiveSchema.parse({ name: "quick", kind: "latency", withinMs: 200, target: 0.9, per: "site" }), has: () => true }], () => undefined);
  const rows = [row("g1", "present", beginMs + 1e9)];
  const gauges = (lag: number): Window["gauges"] => ({ [printKey("holon.function.lag", unit)]: [lag, lag, lag, lag, 1], [printKey("holon.function.age", unit)]: [80, 80, 80, 80, 1] });
  const quick = createDurationMeter();
  quick.add(5, 100);
  board.told("g1", "s", { ...windowOf(beginMs, 0, 0), durations: { [printKey("holon.function.duration", unit)]: quick.value() } }, by(beginMs + minuteMs));
  const state = (atMs: number) => board.rows(lookOf(rows, atMs)).map((one) => [one.state, one.lacks]);
  assert.deepEqual(state(beginMs + minuteMs), [["met", null]]);
  board.told("g1", "s", { ...windowOf(beginMs + minuteMs, 0, 0), gauges: gauges(377) }, by(beginMs + 2 * minuteMs));
  assert.deepEqual(state(beginMs + 2 * minuteMs), [["unknown", "stalled"]]);
  board.told("g1", "s", { ...windowOf(beginMs + 2 * minuteMs, 0, 0), gauges: gauges(0) }, by(beginMs + 3 * minuteMs));
  assert.deepEqual(state(beginMs + 3 * minuteMs), [["met", null]]);
  // What one told that tells no more is not for ever: by its silence it is known.
  board.told("g2", "s", { ...windowOf(beginMs + 2 * minuteMs, 0, 0), gauges: gauges(9) }, by(beginMs + 3 * minuteMs));
  assert.deepEqual(state(beginMs + 3 * minuteMs), [["unknown", "stalled"]]);
  board.told("g1", "s", windowOf(beginMs + 6 * minuteMs, 0, 0), by(beginMs + 7 * minuteMs));
  assert.deepEqual(state(beginMs + 7 * minuteMs), [["met", null]]);
});
