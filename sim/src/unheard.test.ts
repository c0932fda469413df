/** Who is not heard, and since when: a cable that is pulled ends no connection, and a root that starts slowly has its children back before it knows how its last run ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { alertSchema } from "@holon/core/telemetry/alert.ts";
import { createFleetView } from "@holon/core/telemetry/fleet-view.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { worldBeginsMs } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { wideAreaLine } from "./net/link-profile.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const everyMs = 10_000;
const telemetry = telemetrySettingsSchema.parse({ everyMs });
const patienceMs = 2 * everyMs + limits.telemetryGraceMs;
const gateways = ["gateway-1", "gateway-2", "gateway-3"];

async function bringUp(seed: number, parts: Parameters<typeof holonProgram>[0] = {}): Promise<Fleet> {
  const fleet = new Fleet(new World(seed), await holonProgram(parts), { withoutReadings: true, profileOf: () => ({ ...wideAreaLine, lossChance: 0, resetChance: 0 }) });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", telemetry });
  for (const name of gateways) fleet.add({ name, tier: "gateway", parent: name === "gateway-3" ? "edge-1" : "cloud", telemetry });
  await fleet.bringUp();
  await fleet.world.run({ timeMs: fleet.world.nowMs + 4 * everyMs });
  return fleet;
}

async function rows(fleet: Fleet) {
  const { telemetry: told } = fleet.root.machine.subject ?? assert.fail("the root does not run");
  const { nodes } = await fleet.world.drive(told?.fleet({}) ?? assert.fail("no telemetry"));
  return new Map(nodes.map((row) => [row.node, row]));
}

test("a cable that was pulled: the node is silent when its interval is over and never slow, since it was heard last, also when its link is given up, and its alert says so", async () => {
  const fleet = await bringUp(3);
  const { world } = fleet;
  const cutMs = world.nowMs;
  fleet.net.cut("gateway-1", "cloud");
  fleet.net.cut("gateway-3", "edge-1");
  const links = new Set<string>();
  for (; world.nowMs < cutMs + 3 * limits.linkSilenceMs; await world.run({ timeMs: world.nowMs + 1_000 })) {
    const seen = await rows(fleet);
    for (const name of ["gateway-1", "gateway-3"]) {
      const row = seen.get(name) ?? assert.fail(`no ${name}`);
      assert.ok(row.state === "present" || row.state === "silent", `${name} is ${row.state} after ${world.nowMs - cutMs}`);
      if (world.nowMs > cutMs + patienceMs) assert.equal(row.state, "silent", `${name} after ${world.nowMs - cutMs}`);
      if (row.state !== "silent") continue;
      links.add(`${name} ${row.link}`);
      const sinceMs = Date.parse(row.since ?? "") - worldBeginsMs;
      assert.ok(sinceMs > cutMs - 2 * everyMs && sinceMs <= cutMs + 2_000, `${name}, link ${row.link}, is silent since ${sinceMs - cutMs} after the cut`);
    }
    for (const name of ["gateway-2", "edge-1"]) assert.equal(seen.get(name)?.state, "present", name);
  }
  assert.ok(links.has("gateway-1 up") && links.has("gateway-1 down") && links.has("gateway-3 down"), [...links].join());
  const { alerts } = await world.drive(fleet.root.machine.subject?.telemetry?.alerts({}) ?? assert.fail("no telemetry"));
  const [alert] = alerts.filter(({ subject }) => subject === "gateway-1");
  assert.equal(alert?.state, "firing");
  assert.ok(Math.abs(Date.parse(alert.since) - worldBeginsMs - cutMs) <= 2 * everyMs, alert.since);
});

test("a silence that is over is told as over: in the trail of whoever told it, above, and to who takes it on late", async () => {
  const fleet = await bringUp(9);
  const { world, root } = fleet;
  const telemetryHere = () => root.machine.subject?.telemetry ?? assert.fail("no telemetry");
  const silences = async () => (await world.drive(telemetryHere().alerts({}))).alerts.filter(({ kind }) => kind === "silence");
  const until = async (isSo: (states: readonly string[]) => boolean): Promise<void> => {
    for (const endMs = world.nowMs + 10 * limits.linkSilenceMs; !isSo((await silences()).map(({ state }) => state)); await world.run({ timeMs: world.nowMs + 1_000 })) assert.ok(world.nowMs < endMs, "in time");
  };
  fleet.net.cut("gateway-1", "cloud");
  fleet.net.cut("gateway-3", "edge-1");
  await until((states) => states.filter((state) => state === "firing").length === 2);
  fleet.net.healAll();
  await until((states) => states.every((state) => state === "resolved"));
  const ended = await world.drive(root.machine.subject?.log.find({ accepts: ({ stream }) => stream === "alarm", type: "holon.alert.ended", limit: 10 }) ?? assert.fail("no log"));
  const said = ended.map(({ event: { data } }) => alertSchema.parse(data));
  assert.deepEqual(said.map(({ node, subject }) => `${subject} by ${node}`).sort(), ["gateway-1 by cloud", "gateway-3 by edge-1"]);
  for (const { message, subject, since, until: endedAt } of said) assert.equal(message, `${subject} was silent from ${since} to ${endedAt}`);
  for (const { id, message, state } of await silences()) {
    assert.equal(state, "resolved");
    const taken = await world.drive(telemetryHere().alerting.acknowledge(id, "ops", "too late"));
    assert.deepEqual([taken.state, taken.message], ["resolved", message]);
    assert.match(taken.message, /was silent from/);
  }
});

test("children that are back while a root that starts slowly reads how its last run ended are there, and nobody is told that they are not", async () => {
  const said: string[] = [];
  const fleet = await bringUp(5, {
    fleetView: (self) => {
      const view = createFleetView(self);
      if (self !== "cloud") return view;
      return {
        ...view,
        link: (parent, child, isUp, atMs) => {
          if (parent === self) said.push(`${child} ${isUp ? "up" : "down"}`);
          view.link(parent, child, isUp, atMs);
        },
        resumed: (node, ...how) => {
          if (node === self) said.push("resumed");
          view.resumed(node, ...how);
        },
      };
    },
  });
  const { world, root: { machine } } = fleet;
  said.length = 0;
  machine.medium.faults.slowness = 4_000;
  machine.crash("process", 1_000);
  const isUp = (): boolean => said.includes("resumed") && ["edge-1", "gateway-1", "gateway-2"].every((name) => said.includes(`${name} up`));
  for (const untilMs = world.nowMs + 600_000; !isUp() && world.nowMs < untilMs; ) await world.run({ timeMs: world.nowMs + 100 });
  machine.medium.faults.slowness = 1;
  const early = said.slice(0, said.indexOf("resumed")).filter((word) => word.endsWith(" up"));
  assert.ok(early.length > 0, `nobody was back before it knew how it had ended: ${said.join(", ")}`);
  await world.run({ timeMs: world.nowMs + 3 * everyMs });
  for (const [name, { state, link }] of await rows(fleet)) assert.deepEqual([name, state === "silent", link], [name, false, "up"]);
  const { alerts } = await world.drive(machine.subject?.telemetry?.alerts({}) ?? assert.fail("no telemetry"));
  assert.deepEqual(alerts.filter(({ kind }) => kind === "silence").map(({ message }) => message), []);
});

test("a node that stopped in order and runs again behind a cut is nobody's to excuse: silent while it cannot be seen, and present when it is heard", async () => {
  const fleet = await bringUp(7);
  const { world } = fleet;
  const { machine } = fleet.members.get("gateway-3") ?? assert.fail("no gateway-3");
  await world.drive(machine.close());
  await world.run({ timeMs: world.nowMs + 2_000 });
  const row = async () => (await rows(fleet)).get("gateway-3") ?? assert.fail("no row");
  assert.equal((await row()).state, "gone");
  const cutMs = world.nowMs;
  fleet.net.cut("edge-1", "cloud");
  machine.start();
  for (; world.nowMs < cutMs + 2 * limits.linkSilenceMs; await world.run({ timeMs: world.nowMs + 5_000 })) {
    if (world.nowMs <= cutMs + patienceMs) continue;
    const { state, since } = await row();
    const sinceMs = Date.parse(since ?? "") - worldBeginsMs - cutMs;
    assert.equal(state, "silent", `after ${world.nowMs - cutMs}`);
    assert.ok(sinceMs > -2 * everyMs && sinceMs <= 2_000, `since ${sinceMs} after the cut`);
  }
  fleet.net.heal("edge-1", "cloud");
  const healedMs = world.nowMs;
  const seen = new Set<string>();
  for (; world.nowMs < healedMs + 6 * everyMs; await world.run({ timeMs: world.nowMs + 500 })) seen.add((await row()).state);
  assert.ok(!seen.has("gone"), [...seen].join());
  assert.equal((await row()).state, "present");
});

test("a node that was given another parent is missed no more where it hung: its alert ends there, no start brings it back, and it may come back itself", async () => {
  const fleet = await bringUp(11);
  const { world } = fleet;
  const [edge, gateway] = ["edge-1", "gateway-3"].map((name) => fleet.members.get(name) ?? assert.fail(name));
  assert.ok(edge !== undefined && gateway !== undefined);
  const at = () => edge.machine.subject?.telemetry;
  const seen = async () => {
    const telemetryThere = at();
    if (telemetryThere === undefined) return undefined;
    const { nodes, completeness } = await world.drive(telemetryThere.fleet({}));
    const { alerts } = await world.drive(telemetryThere.alerts({}));
    return { nodes: nodes.map(({ node, state }) => `${node} ${state}`), unknown: completeness.unknown, alerts: alerts.map(({ subject, state }) => `${subject} ${state}`) };
  };
  type Seen = NonNullable<Awaited<ReturnType<typeof seen>>>;
  const until = async (what: string, isSo: (now: Seen) => boolean): Promise<void> => {
    const endMs = world.nowMs + 20 * limits.linkSilenceMs;
    for (let now = await seen(); now === undefined || !isSo(now); now = await seen()) {
      assert.ok(world.nowMs < endMs, `${what}: ${JSON.stringify(now)}`);
      await world.run({ timeMs: world.nowMs + 1_000 });
    }
  };
  const moveTo = (parent: string): void => {
    gateway.machine.crash("process");
    gateway.config.parent = `wss://${parent}:7401`;
  };
  moveTo("cloud");
  await until("it is missed", ({ alerts }) => alerts.includes("gateway-3 firing"));
  gateway.machine.start();
  await until("it is missed no more", ({ nodes, unknown, alerts }) => nodes.join() === "edge-1 present" && unknown === 0 && alerts.includes("gateway-3 resolved"));
  assert.equal((await rows(fleet)).get("gateway-3")?.parent, "cloud");
  edge.machine.crash("process", 1_000);
  await world.run({ timeMs: world.nowMs + limits.silenceStartMs + 6 * everyMs });
  const { nodes, unknown, alerts } = (await seen()) ?? assert.fail("the edge runs");
  assert.deepEqual([nodes.filter((node) => node.startsWith("gateway")), unknown, alerts.filter((alert) => alert.startsWith("gateway"))], [[], 0, ["gateway-3 resolved"]]);
  moveTo("edge-1");
  gateway.machine.start();
  await until("it is here again", ({ nodes: now }) => now.some((node) => /^gateway-3 (present|crashed)$/.test(node)));
});
