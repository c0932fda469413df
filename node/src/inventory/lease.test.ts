import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { planMethods, renewSchema } from "@holon/core/schema/node-report.ts";
import { createClock, ClockHardware } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { createCalls, type CallHandler } from "../link/calls.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createLease } from "./lease.ts";

const self = nodeName("edge-1");

/** A node that carries control, which answers with what it has issued, or not at all. */
function bed() {
  const world = new World(1);
  const hardware = new ClockHardware(world);
  const clock = createClock(new Incarnation(world, { name: self, number: 1, calls: 0, hooks: {} }), hardware, 0);
  const handlers = new Map<string, CallHandler>();
  const calls = createCalls({ self, clock, handlers, route: () => undefined, above: () => undefined });
  const control = { issued: 1, answers: true, asked: 0 };
  const node = { version: 1, changes: [] as boolean[] };
  const lease = createLease({ self, calls, handlers, ports: { clock, trace: { note: () => undefined } }, above: () => undefined, speaksFor: () => true, version: () => node.version, changed: () => node.changes.push(lease.holds()) });
  handlers.set(planMethods.renew, (parameters) => {
    assert.deepEqual(renewSchema.parse(parameters), { node: self, version: node.version });
    control.asked += 1;
    return control.answers ? Promise.resolve({ version: control.issued }) : Promise.reject(new Error("nobody answers"));
  });
  const pass = (ms: number) => world.run({ timeMs: world.nowMs + ms });
  return { world, hardware, control, node, lease, pass };
}

test("a lease holds from the question, is renewed in time, and ends when nobody answers", async () => {
  const { control, node, lease, pass } = bed();
  assert.equal(lease.holds(), false, "none before it was asked for");
  lease.start();
  await pass(1);
  assert.equal(lease.holds(), true);
  await pass(10 * limits.nodeLeaseMs);
  assert.equal(lease.holds(), true);
  assert.deepEqual(node.changes, [true], "what goes on is no change");
  control.answers = false;
  await pass(limits.nodeLeaseMs - limits.nodeRenewMs - 2);
  assert.equal(lease.holds(), true);
  await pass(limits.nodeRenewMs + 2);
  assert.equal(lease.holds(), false);
  assert.deepEqual(node.changes, [true, false]);
});

test("who holds an older document than was issued is given no lease: it may be the one that says what to stop", async () => {
  const { control, node, lease, pass } = bed();
  control.issued = 2;
  lease.start();
  await pass(4 * limits.nodeRenewMs);
  assert.ok(control.asked >= 4);
  assert.equal(lease.holds(), false);
  node.version = 2;
  lease.askSoon();
  await pass(1);
  assert.equal(lease.holds(), true);
});

test("a lease ends while its machine sleeps, whatever the monotonic clock says, and what comes after is another one", async () => {
  const { control, hardware, lease, pass } = bed();
  lease.start();
  await pass(1);
  const first = lease.tenure();
  await pass(4 * limits.nodeRenewMs);
  assert.equal(lease.tenure(), first, "renewed, it is the same");
  control.answers = false;
  hardware.sleep();
  await pass(limits.nodeLeaseMs);
  hardware.wake();
  assert.deepEqual([lease.holds(), lease.tenure()], [false, undefined]);
  control.answers = true;
  lease.askSoon();
  await pass(1);
  assert.equal(lease.holds(), true);
  assert.notEqual(lease.tenure(), first);
});

test("that another lease holds is told also where nobody noticed the end of the one before: timers stand still while a machine sleeps", async () => {
  const { hardware, node, lease, pass } = bed();
  lease.start();
  await pass(1);
  hardware.sleep();
  await pass(limits.nodeLeaseMs);
  hardware.wake();
  lease.askSoon();
  await pass(1);
  assert.deepEqual(node.changes, [true, true]);
});
