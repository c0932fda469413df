import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { isNodeName } from "@holon/core/units.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { createHearing, type Hearing } from "./hearing.ts";

function bed() {
  const world = new World(1);
  const name = "cloud";
  assert.ok(isNodeName(name));
  const clock = createClock(new Incarnation(world, { name, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const pass = (ms: number) => world.run({ timeMs: world.nowMs + ms });
  /** As nodes do, which ask twice a lease and oftener. */
  const hear = async (hearing: Hearing, ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += limits.nodeRenewMs) {
      hearing.heard("edge-1");
      await pass(limits.nodeRenewMs);
    }
  };
  return { clock, pass, hear };
}

const mostOfIt = limits.nodeReturnMs - 2 * limits.nodeRenewMs;

test("a node that was silent is present when it was heard for a while on end, over a restart of control", async () => {
  const { clock, pass, hear } = bed();
  const first = createHearing(clock, "cloud", ["edge-1"]);
  await hear(first, mostOfIt);
  assert.equal(first.stateOf("edge-1"), "silent");
  const returning = first.returning();
  await pass(10_000);
  const second = createHearing(clock, "cloud", ["edge-1"], returning);
  assert.deepEqual([second.stateOf("edge-1"), second.returning()], ["silent", returning], "not heard yet");
  await hear(second, 2 * limits.nodeRenewMs);
  assert.deepEqual([second.stateOf("edge-1"), second.returning()], ["present", {}]);
});

test("where control was away for longer than a lease, nobody knows that the node was heard: it begins anew", async () => {
  const { clock, pass, hear } = bed();
  const first = createHearing(clock, "cloud", ["edge-1"]);
  await hear(first, mostOfIt);
  const returning = first.returning();
  await pass(2 * limits.nodeLeaseMs);
  const second = createHearing(clock, "cloud", ["edge-1"], returning);
  await hear(second, 2 * limits.nodeRenewMs);
  assert.equal(second.stateOf("edge-1"), "silent");
  await hear(second, limits.nodeReturnMs);
  assert.equal(second.stateOf("edge-1"), "present");
});

test("nobody is lost because control was away", async () => {
  const { clock, pass } = bed();
  const hearing = createHearing(clock, "cloud", [], { "edge-1": { sinceMs: 0, heardMs: 1 } });
  assert.equal(hearing.stateOf("edge-1"), "present");
  await pass(limits.nodeLeaseMs);
  assert.equal(hearing.stateOf("edge-1"), "present");
  await pass(limits.nodeLeaseMs);
  assert.equal(hearing.stateOf("edge-1"), "silent");
});

test("a node that joins was never silent: a lease passes before it is", async () => {
  const { clock, pass, hear } = bed();
  const hearing = createHearing(clock, "cloud", []);
  await pass(10 * limits.nodeLeaseMs);
  assert.deepEqual([hearing.stateOf("edge-1"), hearing.stateOf("edge-2")], ["present", "present"]);
  await hear(hearing, 2 * limits.nodeLeaseMs);
  assert.deepEqual([hearing.stateOf("edge-1"), hearing.stateOf("edge-2")], ["present", "silent"]);
});
