import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import type { Alert } from "./alert.ts";
import type { FleetRow } from "./fleet-status.ts";
import type { Now } from "./fleet-view.ts";
import { createSilenceWatch, silenceNow } from "./silence.ts";

const since = "2026-01-01T00:00:00.000Z";
const row = (node: string, parent: string | null, state: FleetRow["state"]): FleetRow => ({ node, site: "s", tier: parent === null ? "cloud" : parent === "cloud" ? "edge" : "gateway", jurisdiction: "EU", parent, state, since, heardAt: since, through: since, everyMs: 60_000, link: "up", enrolledAt: null, ended: null, clockOffMs: null, late: 0, figures: {} });
const fleet = (edge: FleetRow["state"], gateway: FleetRow["state"]): readonly FleetRow[] => [row("cloud", null, "present"), row("edge", "cloud", edge), row("g1", "edge", gateway), row("g2", "edge", gateway)];

const at = Date.parse(since) + 10_000;
const now = (wallMs: number, monotonicMs = wallMs): Now => ({ wallMs, monotonicMs });
const over = at + 30_000;
const watchOf = (self: string, firing: readonly Alert[] = []) => createSilenceWatch({ self, isRoot: self === "cloud", firing });

test("an island is one alert, told where it was cut off, and the same one for as long as it lasts", () => {
  const watch = watchOf("cloud");
  const [first, ...more] = watch.look(fleet("silent", "silent"), now(at));
  assert.deepEqual([first?.subject, first?.state, first?.value, more.length], ["edge", "firing", 3, 0]);
  assert.deepEqual(watch.look(fleet("silent", "silent"), now(at + 60_000)), []);
  assert.deepEqual(watch.look(fleet("present", "present"), now(at + 70_000)), []);
  const [ended] = watch.look(fleet("present", "present"), now(over + 70_000));
  assert.deepEqual([ended?.id, ended?.state, ended?.until], [`silence/edge/${since}`, "resolved", new Date(at + 70_000).toISOString()]);
});

test("a line that flaps is one incident, and one that was down for a moment is none", () => {
  const watch = watchOf("cloud");
  assert.deepEqual(watch.look(fleet("silent", "silent"), now(Date.parse(since) + 500)), []);
  assert.equal(watch.look(fleet("silent", "silent"), now(at)).length, 1);
  for (let turn = 0; turn < 10; turn++) assert.deepEqual(watch.look(fleet(turn % 2 === 0 ? "present" : "silent", "silent"), now(at + turn * 20_000)), []);
});

test("of three tiers that see a gateway silent, one tells: the one that it was connected to", () => {
  const seen = fleet("present", "silent");
  assert.deepEqual(watchOf("cloud").look(seen, now(at)), []);
  assert.deepEqual(watchOf("edge").look(seen, now(at)).map(({ id, node }) => [id, node]), [[`silence/g1/${since}`, "edge"], [`silence/g2/${since}`, "edge"]]);
  assert.deepEqual(watchOf("g1").look([row("g1", null, "silent")], now(at)), []);
});

test("who was never seen connected to anybody is the root's to tell", () => {
  const seen = [row("cloud", null, "present"), row("lost", null, "silent")];
  assert.deepEqual(watchOf("cloud").look(seen, now(at)).map(({ subject }) => subject), ["lost"]);
  assert.deepEqual(watchOf("edge").look(seen, now(at)), []);
});

test("a node that stopped in order is no alert, and one that goes on over a restart of the watch is the same", () => {
  const watch = watchOf("cloud");
  assert.deepEqual(watch.look(fleet("gone", "present"), now(at)), []);
  const [firing] = watch.look(fleet("silent", "silent"), now(at));
  assert.ok(firing);
  assert.deepEqual(watchOf("cloud", [firing]).look(fleet("silent", "silent"), now(at + 1)), []);
});

test("a clock that was ahead and is set back puts off no silence, and no end of one", () => {
  const dayMs = 86_400_000;
  const watch = watchOf("cloud");
  // What it is silent since was dated by the clock that was ahead.
  const [told] = watch.look(fleet("silent", "present"), now(at - dayMs, 5_000));
  assert.equal(told?.subject, "edge");
  assert.deepEqual(watch.look(fleet("present", "present"), now(at, 10_000)), []);
  assert.equal(watch.look(fleet("present", "present"), now(at - dayMs, 40_001)).length, 1);
  const started = createSilenceWatch({ self: "cloud", isRoot: true, fromMs: 45_000 });
  assert.deepEqual(started.look(fleet("silent", "present"), now(at, 44_999)), []);
  assert.equal(started.look(fleet("silent", "present"), now(at - dayMs, 45_000)).length, 1);
});

test("one that was enrolled and not started yet is awaited for a while, and then said to be that", () => {
  const watch = watchOf("cloud");
  const enrolled: FleetRow = { ...row("new", null, "awaited"), since, heardAt: null, through: null, enrolledAt: since };
  const seen = (): readonly FleetRow[] => [row("cloud", null, "present"), enrolled];
  const begins = Date.parse(since);
  assert.deepEqual(watch.look(seen(), now(begins + 1_000)), []);
  assert.deepEqual(watch.look(seen(), now(begins + limits.silenceAwaitedMs - 1)), []);
  const [told] = watch.look(seen(), now(begins + limits.silenceAwaitedMs));
  assert.deepEqual([told?.since, told?.message], [since, `new was enrolled at ${since} and has never connected`]);
});

test("what is said of a silence goes by the beginning that was told, and while it is heard again for a moment that it was", () => {
  const watch = watchOf("cloud");
  const [first] = watch.look(fleet("silent", "silent"), now(at));
  assert.ok(first !== undefined);
  const moved = { ...row("edge", "cloud", "silent"), since: "2026-01-01T00:00:00.510Z" };
  assert.match(silenceNow(first, moved), new RegExp(`^edge is silent since ${since}, and with it 2 below it; `), "as it stands in its column");
  assert.equal(silenceNow(first, row("edge", "cloud", "crashed")), `edge was silent since ${since}, and is heard again`);
  assert.equal(silenceNow(first, row("edge", "cloud", "present")), `edge was silent since ${since}, and is heard again`);
  assert.equal(silenceNow(first, row("edge", "cloud", "gone")), first.message);
});
