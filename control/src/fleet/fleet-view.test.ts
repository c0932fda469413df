import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { Epoch, NodeName } from "@holon/core/units.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { incarnation } from "@holon/sim/testing/lone-node.ts";
import { World } from "@holon/sim/world.ts";
import type { NodeLook } from "../control.ts";
import type { ToldFleet } from "./link-watch.ts";
import { createFleetView, fleetSchema, type FleetAnswer, type Page } from "./fleet-view.ts";

const look = (name: string, startedAt = "2026-01-01T00:00:00.000Z"): NodeLook => ({ node: { name, site: "hall", tier: "gateway", jurisdiction: "EU/DE", parent: null, api: null, startedAt, reported: undefined }, leads: false, heardAtMs: undefined, isRevoked: false });

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

test("part of a large fleet is never told as all of it: who asks while it is looked at for the first time waits", async () => {
  const world = new World(1);
  const plain = createClock(incarnation(world, "cloud"), new ClockHardware(world), 0);
  let calls = 0;
  const clock: Clock = { ...plain, monotonicMs: () => plain.monotonicMs() + calls++ / 10, wall: () => plain.wall(), after: (delayMs, callback) => plain.after(Math.max(delayMs, 30), callback) };
  const nodes = Array.from({ length: 2 * limits.telemetryManyNodes }, (_, index) => look(`n-${index}`));
  const log = { origin: "cloud" as NodeName, epoch: "0123456789abc" as Epoch, cell: () => undefined };
  let isBroken = false;
  const looks = (): readonly NodeLook[] => {
    if (isBroken) throw new Error("it cannot be looked at");
    return nodes;
  };
  const view = createFleetView({ log, known: () => nodes.map(({ node }) => node), looks }, { clock, links: () => ({ children: [], connected: 0, uplink: null }), call: () => Promise.reject(new Error("nobody is there")) });
  const ask = async (): Promise<FleetAnswer> => fleetSchema.parse(JSON.parse(await view.since(undefined, 0)));
  const first = ask();
  const others: Promise<FleetAnswer>[] = [];
  for (let turn = 0; turn < 60; turn++) {
    await world.run({ timeMs: world.nowMs + 20 });
    others.push(ask());
  }
  for (const answer of await world.drive(Promise.all([first, ...others]))) assert.deepEqual([answer.total, answer.nodes.length, answer.asOf >= "2026"], [nodes.length, nodes.length, true]);

  isBroken = true;
  await world.run({ timeMs: world.nowMs + 2 * limits.telemetryWholeMs });
  assert.equal((await world.drive(ask())).total, nodes.length, "as of a moment ago");
  await world.run({ timeMs: world.nowMs + 2 * limits.telemetryStaleMs });
  await assert.rejects(world.drive(ask()), /it cannot be looked at/);
});

test("each node stands as its telemetry says, since then; who is revoked or was never started is told so", async () => {
  const world = new World(1);
  const clock = createClock(incarnation(world, "cloud"), new ClockHardware(world), 0);
  await world.run({ timeMs: 90_000 });
  const wallMs = clock.wall().ms;
  let now: readonly (readonly [string, ReturnType<ToldFleet["stateOf"]>])[] = [
    ["a", { state: "present", sinceMs: wallMs - 60_000 }],
    ["b", { state: "gone", sinceMs: wallMs - 30_000 }],
    ["c", { state: "revoked", sinceMs: wallMs - 20_000 }],
    ["new", { state: "awaited", sinceMs: wallMs - 40_000 }],
    ["unwanted", { state: "revoked", sinceMs: wallMs - 10_000 }],
    ["ahead", { state: "present", sinceMs: wallMs + 3_600_000 }],
  ];
  const looks = ["a", "b", "c", "ahead"].map((name) => ({ ...look(name), isRevoked: name === "c" }));
  const enrolledAt = (site: string): Uint8Array => new TextEncoder().encode(JSON.stringify({ site, tier: "gateway", node: "new", number: 1, expiresMs: 2 }));
  let enrolled = enrolledAt("hall");
  const log = { origin: "cloud" as NodeName, epoch: "0123456789abc" as Epoch, cell: (key: string) => (key === "enrolled/new" || key === "enrolled/unwanted" ? enrolled : undefined) };
  const told = (): ToldFleet => ({ nodes: () => now.map(([name]) => name), stateOf: (name) => new Map(now).get(name) });
  const view = createFleetView({ log, known: () => looks.map(({ node }) => node), looks: () => looks }, { clock, links: () => ({ children: [], connected: 0, uplink: null }), call: () => Promise.reject(new Error("nobody is there")), told });
  const ask = async (since: number): Promise<FleetAnswer> => fleetSchema.parse(JSON.parse(await world.drive(view.since(log.epoch, since))));
  const first = await ask(0);
  const rows = first.nodes.map(({ name, state, stateSinceAtMs, startedAt }) => [name, state, stateSinceAtMs === null ? null : Math.round((first.asOfAtMs - stateSinceAtMs) / 1_000), startedAt !== null]);
  assert.deepEqual(rows, [["a", "present", 60, true], ["b", "gone", 30, true], ["c", "revoked", 20, true], ["ahead", "present", 0, true], ["new", "awaited", 40, false], ["unwanted", "revoked", 10, false]]);
  now = now.map(([name, state]) => [name, state && { ...state, sinceMs: state.sinceMs === undefined || name === "ahead" ? undefined : state.sinceMs + 400 }] as const).filter(([name]) => name !== "ahead");
  await world.run({ timeMs: world.nowMs + 2 * limits.fleetViewMs });
  assert.deepEqual((await ask(first.revision)).nodes.map(({ name }) => name), ["ahead"], "clocks that drift by less than a second are no news");
  enrolled = enrolledAt("yard");
  await world.run({ timeMs: world.nowMs + 2 * limits.fleetViewMs });
  assert.deepEqual((await ask(first.revision)).nodes.filter(({ name }) => name === "new").map(({ site }) => site), ["yard"], "it was invited anew, to elsewhere");
  looks.push({ ...look("new"), isRevoked: false });
  now = [["new", { state: "present", sinceMs: clock.wall().ms }]];
  await world.run({ timeMs: world.nowMs + 2 * limits.fleetViewMs });
  const started = (await ask(first.revision)).nodes.find(({ name }) => name === "new");
  assert.deepEqual([started?.state, started?.startedAt], ["present", "2026-01-01T00:00:00.000Z"]);
});
