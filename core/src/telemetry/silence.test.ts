import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetRow } from "./fleet-status.ts";
import { createSilenceWatch } from "./silence.ts";

const since = "2026-01-01T00:00:00.000Z";
const row = (node: string, parent: string | null, state: FleetRow["state"]): FleetRow => ({ node, site: "s", tier: parent === null ? "cloud" : parent === "cloud" ? "edge" : "gateway", jurisdiction: "EU", parent, state, since, heardAt: since, through: since, everyMs: 60_000, link: "up", ended: null, late: 0, figures: {} });
const fleet = (edge: FleetRow["state"], gateway: FleetRow["state"]): readonly FleetRow[] => [row("cloud", null, "present"), row("edge", "cloud", edge), row("g1", "edge", gateway), row("g2", "edge", gateway)];

test("an island is one alert, at the place where it was cut off, and the same one for as long as it lasts", () => {
  const watch = createSilenceWatch(10);
  const [first, ...more] = watch.look(fleet("silent", "silent"), 0);
  assert.deepEqual([first?.subject, first?.state, first?.value, more.length], ["edge", "firing", 3, 0]);
  assert.deepEqual(watch.look(fleet("silent", "silent"), 60_000), []);
  assert.deepEqual(watch.alerts().map(({ id }) => id), [`silence/edge/${since}`]);
  const [over] = watch.look(fleet("present", "present"), 120_000);
  assert.deepEqual([over?.id, over?.state, over?.until], [`silence/edge/${since}`, "resolved", "1970-01-01T00:02:00.000Z"]);
});

test("when the edge is back and a gateway is not, the gateway is an alert of its own", () => {
  const watch = createSilenceWatch(10);
  watch.look(fleet("silent", "silent"), 0);
  assert.deepEqual(watch.look(fleet("present", "silent"), 1).map(({ subject, state }) => `${subject} ${state}`), ["g1 firing", "g2 firing", "edge resolved"]);
});

test("what is behind another that falls silent is not called resolved", () => {
  const watch = createSilenceWatch(10);
  watch.look(fleet("present", "silent"), 0);
  assert.deepEqual(watch.look(fleet("silent", "silent"), 1).map(({ subject, state }) => `${subject} ${state}`), ["edge firing", "g1 unknown", "g2 unknown"]);
});

test("a node that stopped in order is no alert, and one that goes on over a restart of the watch is the same", () => {
  const watch = createSilenceWatch(10);
  assert.deepEqual(watch.look(fleet("gone", "present"), 0), []);
  const [firing] = watch.look(fleet("silent", "silent"), 0);
  assert.ok(firing);
  assert.deepEqual(createSilenceWatch(10, [firing]).look(fleet("silent", "silent"), 1), []);
});
