import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, type CallFrame } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { HostStats } from "@holon/core/ports.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createRandom } from "@holon/platform/random.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { createEvents } from "../event/events.ts";
import { createCalls, type Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createReporter } from "./reporter.ts";

const self = nodeName("gateway-1");
const latencyMs = 10;
const bytesPerSecond = 500_000;

test("the bandwidth that is told is that of the line, on which frames are packed", () => assertMeasured(0));

test("a parent that is busy when it is asked first does not make the line slow", () => assertMeasured(800));

/** `busyMs`: so much longer the parent takes over the first question of some size. */
async function assertMeasured(busyMs: number): Promise<void> {
  let [leftMs, asked] = [busyMs, 0];
  const world = new World(1);
  const codec = createCodec();
  const clock = createClock(new Incarnation(world, { name: self, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  /** The other end of a slow line answers whatever it is asked. */
  const parent: Peer = {
    name: nodeName("edge-1"), queuedBytes: () => 0, traffic: () => ({ sentBytes: 0, receivedBytes: 0 }), isReceiving: () => false, aliveMs: () => 0, probe: () => undefined, close: () => undefined,
    send(frame) {
      if (frame.kind !== "call" || frame.header.op !== "request") return;
      const answer: CallFrame = { kind: "call", header: { op: "answer", id: frame.header.id, ok: true }, payload: new TextEncoder().encode("null") };
      const { length } = encodeFrame(frame, codec);
      const isProbe = length > limits.bandwidthProbeBytes / 2;
      world.after(2 * latencyMs + (1_000 * length) / bytesPerSecond + (isProbe ? leftMs : 0), () => calls.receive(answer, parent));
      if (!isProbe) return;
      leftMs = 0;
      asked += 1;
    },
  };
  const calls: Calls = createCalls({ self, clock, handlers: new Map(), route: () => parent, above: () => parent });
  const config = nodeConfigSchema.parse({ name: self, site: "site", tier: "gateway", jurisdiction: "EU/DE", parent: "wss://edge-1:7401" });
  const host: HostStats = { sample: () => Promise.resolve({}), capacity: () => Promise.resolve({}) };
  const reporter = createReporter({ config, events: createEvents(config, clock), calls, ports: { clock, random: createRandom(), trace: { note: (_level, text) => assert.fail(text) } }, host, above: () => parent, beside: () => [parent], speeds: () => ({}), append: () => Promise.resolve() });
  reporter.start();
  await world.run({ timeMs: world.nowMs + 10_000, condition: () => reporter.seen() !== undefined });
  assert.equal(asked, 0, "a link that opens has other things to carry");
  await world.run({ timeMs: world.nowMs + (1 + limits.bandwidthProbes) * limits.inventoryLookMs });
  reporter.close();
  assert.equal(asked, limits.bandwidthProbes);
  const told = reporter.seen()?.uplink?.bytesPerSecond?.value ?? 0;
  const beside = reporter.seen()?.beside?.["edge-1"]?.value ?? 0;
  assert.ok(beside >= latencyMs && beside < latencyMs + 1, `${beside}`);
  assert.ok(told > 0.9 * bytesPerSecond && told < 1.1 * bytesPerSecond, `${told}`);
}

test("what the model runtime has is asked once a day, not in the first minute; what could not be found out is left as it was", async () => {
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: self, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const answers: (readonly string[] | undefined)[] = [["wasm"], undefined];
  const asked: number[] = [];
  const host: HostStats = {
    sample: () => Promise.resolve({}),
    capacity: () => Promise.resolve({ accelerators: [{ model: "amd gpu", count: 1 }] }),
    providers: () => (asked.push(clock.monotonicMs()), Promise.resolve(answers[asked.length - 1])),
  };
  const config = nodeConfigSchema.parse({ name: self, site: "site", tier: "gateway", jurisdiction: "EU/DE" });
  const calls = createCalls({ self, clock, handlers: new Map(), route: () => undefined, above: () => undefined });
  const reporter = createReporter({ config, events: createEvents(config, clock), calls, ports: { clock, random: createRandom(), trace: { note: (_level, text) => assert.fail(text) } }, host, above: () => undefined, beside: () => [], speeds: () => ({}), append: () => Promise.resolve() });
  reporter.start();
  await world.run({ timeMs: world.nowMs + 10_000, condition: () => reporter.seen() !== undefined });
  assert.deepEqual([reporter.seen()?.providers, reporter.seen()?.providersAsOf, asked.length], [["cpu"], undefined, 0]);
  assert.deepEqual([reporter.seen()?.found?.accelerators?.kinds, reporter.seen()?.capacity.accelerators], [[{ model: "amd gpu", count: 1 }], undefined], "a plan counts on what is declared alone");
  await world.run({ timeMs: world.nowMs + 2 * limits.inventoryLookMs });
  const { providers, providersAsOf, found } = reporter.seen() ?? assert.fail();
  assert.deepEqual([providers, providersAsOf?.source, found?.providers?.names], [["wasm"], "measured", ["wasm"]]);
  await world.run({ timeMs: world.nowMs + limits.inventoryReportMsMax + limits.inventoryLookMs });
  reporter.close();
  assert.deepEqual([asked.length, reporter.seen()?.providersAsOf], [2, providersAsOf]);
});
