/**
 * A region goes dark; when it is back, all its nodes come to one parent within a minute. The parent's disk is slow on purpose, so
 * that it has work for about a minute and a half: a parent that is never busy proves nothing.
 */
import { limits } from "@holon/core/limits.ts";
import { checkFairShare, type StormWait } from "../checkers/fair-share.ts";
import { flashDrive } from "../disk.ts";
import type { Fleet } from "../fleet.ts";
import type { Scenario, ScenarioFindings, ScenarioSize } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import { StormWatch } from "../storm-watch.ts";

const hub = "hub";
const nodesDefault = 300;
/** The parent needs so long for all that the storm brings. */
const workMs = 90_000;
/** A disk that is slower takes long for one turn of one node, which no order of turns can mend. */
const bytesPerMsMin = 250;
const backlogBytesAll = 64 << 20;
const backlogEventsMax = 100;
/** What the link and the guard write beside the backlog of one node, about. */
const besideBytes = 3_000;
const alarmChance = 0.02;
/** A node alone on an idle parent: handshake, one late frame, one reconnection. */
const floorMs = 2_000;
const factorMax = 3;
const alarmWaitMsMax = 10_000;
/** Above this the nodes boot into the outage, because two storms of them would take too long. */
const warmNodesMax = 5_000;
/** So small that nothing is kept aside for the day when it is full. */
const childDiskBytes = 48 << 20;

const watches = new WeakMap<Fleet, StormWatch>();

export const reconnectStorm: Scenario = {
  name: "reconnect-storm",
  about: "All nodes of a region come back to one parent within a minute.",
  convergeMsMax: 900_000,
  withoutReadings: true,
  readMax: 200,
  program: (program) => settledProgram(program),
  safetyMs: (world) => world.random.fork("safety").integer(45_000, 60_000),
  build(fleet, size) {
    const count = nodesOf(size);
    const random = fleet.world.random.fork("topology");
    const bytesPerMs = Math.max(bytesPerMsMin, (count * (eventsOf(count) * eventBytesOf(count) + besideBytes)) / workMs);
    fleet.add({ name: hub, tier: "cloud", control: false, disk: { ...flashDrive, bytesPerMs }, downlink: boundsOf(count) });
    for (let number = 1; number <= count; number++) fleet.add({ name: `node-${number}`, tier: "gateway", parent: hub, diskBytes: childDiskBytes, driftPpm: random.between(-100, 100) });
    if (count > warmNodesMax) fleet.net.isolate(hub);
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    fleet.net.isolate(hub);
    const random = world.random.fork("load");
    const text = noise(random.fork("noise"));
    const events = eventsOf(fleet.members.size - 1);
    const eventBytes = eventBytesOf(fleet.members.size - 1);
    const bytes = new Map<string, number>();
    for (const { machine, parent } of fleet.members.values()) {
      if (parent === undefined) continue;
      const count = random.integer(1, 2 * events - 1);
      bytes.set(machine.name, count * eventBytes + besideBytes);
      const hasAlarm = random.chance(alarmChance);
      world.at(random.between(world.nowMs, untilMs - 1_000), () => {
        for (let number = 0; number < count; number++) {
          const from = random.integer(0, text.length - eventBytes);
          void machine.subject?.emit?.("data", { number, text: text.slice(from, from + eventBytes - 300) });
        }
        if (hasAlarm) void machine.subject?.emit?.("alarm", { number: 0 });
      });
    }
    const watch = new StormWatch(fleet, hub, bytes);
    watches.set(fleet, watch);
    world.at(untilMs, () => watch.begin());
  },
  findings: (fleet) => findings(fleet, watches.get(fleet)?.waits() ?? []),
};

const nodesOf = ({ nodes }: ScenarioSize): number => nodes ?? nodesDefault;

/** Mean number of events that a node has to send. */
const eventsOf = (count: number): number => Math.max(1, Math.round(Math.min(backlogEventsMax, backlogBytesAll / count / eventBytesOf(count))));
const eventBytesOf = (count: number): number => Math.round(Math.max(600, Math.min(4_000, backlogBytesAll / count)));

/** Small for small fleets, so that the queue fills and nodes are told to come back. */
const boundsOf = (count: number): { readonly creditBytes: number; readonly waitingMax: number } => ({ creditBytes: 16 << 20, waitingMax: Math.max(8, Math.min(4_096, Math.floor(count / 20))) });

function findings(fleet: Fleet, waits: readonly StormWait[]): ScenarioFindings {
  const { machine, config } = fleet.root;
  const admission = machine.subject?.status?.().admission;
  const watch = watches.get(fleet);
  machine.medium.speed = flashDrive; // the storm is over: the checkers need not wait for the slow disk
  const violations: string[] = [];
  if (admission === undefined || watch === undefined) return { violations: ["the parent says nothing of its queues"], figures: {} };
  const { creditBytes = 0, waitingMax = 0 } = config.downlink ?? {};
  const creditMax = creditBytes + limits.linkAlarmCreditBytesMax;
  if (admission.heldBytesHigh > creditMax) violations.push(`the parent held ${admission.heldBytesHigh} bytes of records that were not on disk; its bound is ${creditMax}`);
  if (admission.waitingHigh > waitingMax) violations.push(`${admission.waitingHigh} nodes waited at once; the bound is ${waitingMax}`);
  if (admission.waitingHigh === 0) violations.push("no node ever waited: this was no storm and proves nothing");
  const fair = checkFairShare(waits, { factorMax, floorMs });
  const alarmWaitMs = watch.alarmWaitMsHigh();
  if (alarmWaitMs > alarmWaitMsMax) violations.push(`an alarm waited ${Math.round(alarmWaitMs)} ms behind the backlog of others; the bound is ${alarmWaitMsMax}`);
  return {
    violations: [...violations, ...fair.violations],
    figures: {
      nodes: waits.length,
      arrivedWithinMs: Math.round(watch.arrivedWithinMs()),
      waitMsHigh: Math.round(fair.waitMsHigh),
      fairShareMsHigh: Math.round(fair.fairShareMsHigh),
      waitOverFairShareHigh: Number(fair.factorHigh.toFixed(2)),
      alarmWaitMsHigh: Math.round(alarmWaitMs),
      heldBytesHigh: admission.heldBytesHigh,
      creditBytesHigh: admission.creditBytesHigh,
      waitingHigh: admission.waitingHigh,
      toldLater: admission.toldLater,
      processBytesHigh: process.resourceUsage().maxRSS * 1024,
    },
  };
}

function noise(random: { bytes(length: number): Uint8Array }): string {
  return Buffer.from(random.bytes(64 << 10)).toString("base64");
}
