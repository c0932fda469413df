import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Epoch, NodeName } from "@holon/core/units.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { incarnation } from "@holon/sim/testing/lone-node.ts";
import { World } from "@holon/sim/world.ts";
import type { NodeLook } from "../control.ts";
import { createFleetView, fleetSchema, type FleetAnswer, type Page } from "./fleet-view.ts";

const look = (name: string, startedAt = "2026-01-01T00:00:00.000Z"): NodeLook => ({ node: { name, site: "hall", tier: "gateway", jurisdiction: "EU/DE", parent: null, api: null, startedAt, reported: undefined }, leads: false, heardAtMs: undefined });

test("a fleet comes by pages: a node that comes or changes between two of them is neither skipped nor lost", async () => {
  const world = new World(1);
  const clock = createClock(incarnation(world, "cloud"), new ClockHardware(world), 0);
  const looks = new Map(["a", "b", "c", "d", "e"].map((name) => [name, look(name)]));
  const log = { origin: "cloud" as NodeName, epoch: "0123456789abc" as Epoch, cell: () => undefined };
  const view = createFleetView({ log, known: () => [...looks.values()].map(({ node }) => node), looks: () => looks.values() }, { clock, links: () => ({ children: [], connected: 0, uplink: null }), call: () => Promise.reject(new Error("nobody is there")) });
  const ask = async (since: number, page?: Page): Promise<FleetAnswer> => fleetSchema.parse(JSON.parse(await world.drive(view.since(log.epoch, since, page))));
  const later = (): Promise<unknown> => world.run({ timeMs: world.nowMs + 2 * limits.fleetViewMs });
  const names = ({ nodes }: FleetAnswer): string => nodes.map(({ name }) => name).join("");

  const first = await ask(0, { rows: 2, behind: 0 });
  assert.deepEqual([names(first), first.next, first.total], ["ab", "2", 5]);
  looks.set("f", look("f"));
  looks.set("a", look("a", "2026-01-02T00:00:00.000Z"));
  await later();
  const second = await ask(0, { rows: 2, behind: Number(first.next) });
  const third = await ask(0, { rows: 2, behind: Number(second.next) });
  assert.deepEqual([names(second), names(third), third.next], ["cd", "ef", null]);
  assert.ok(second.revision > first.revision);
  assert.equal(names(await ask(first.revision)), "af", "what changed since the first page");
  assert.equal(names(await ask(0)), "abcdef");
  const changed = await ask(first.revision, { rows: 1, behind: 0 });
  assert.deepEqual([names(changed), changed.next], ["a", "5"]);
  assert.deepEqual(names(await ask(first.revision, { rows: 1, behind: 5 })), "f");
});
