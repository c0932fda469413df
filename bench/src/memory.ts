/**
 * Suite `memory`: what a gateway weighs under load, above a bare Node process of the same run. Real processes: a cloud, a gateway with
 * log, link and one function, a client that publishes over MQTT at QoS 1. The gateway is its process and those that it has made: its functions stand apart.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { startHolonPair, type HolonPair } from "./holon-pair.ts";
import { treeMemoryOf, type TreeMemory } from "./process-memory.ts";
import { startLoadProcess } from "./client-process.ts";
import { median, round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const eventsPerSecond = 1000;
const sampleEveryMs = 1000;
const minutesDefault = 3;
const megabyte = 1e6;

interface Sample {
  readonly atMs: number;
  readonly gateway: TreeMemory;
  readonly bare: TreeMemory;
}

export const memorySuite: Suite = {
  measures: "a gateway with log, link and one function at 1,000 events/s: memory above a bare Node process, and its slope",
  async run(context) {
    if (treeMemoryOf(process.pid) === undefined) {
      context.say("left out: this system does not tell the memory of processes (no /proc/<pid>/smaps)");
      return { figures: {}, ratios: {} };
    }
    const pair = await startHolonPair({ folder: context.folder, withFunction: true, stream: "local" });
    try {
      return await measure(pair, context);
    } finally {
      await pair.end();
    }
  },
};

async function measure(pair: HolonPair, { minutes = minutesDefault, say }: SuiteContext): Promise<SuiteResult> {
  const bare = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1e6)"], { stdio: "ignore" });
  const load = startLoadProcess();
  try {
    const count = Math.round(eventsPerSecond * 60 * minutes);
    const before = await pair.gatewayStatus();
    let ended = false;
    const loaded = load.run({ kind: "mqtt", port: pair.mqttPort(), from: 0, count, inFlightMax: 1000, payloadBytes: 200, perSecond: eventsPerSecond }).finally(() => (ended = true));
    const samples: Sample[] = [];
    const startMs = performance.now();
    while (!ended) {
      const sample = take(pair.gateway().pid, bare.pid ?? 0, performance.now() - startMs);
      samples.push(sample);
      if (samples.length % 30 === 0) say(`${round(sample.atMs / 60_000)} min: ${round((sample.gateway.residentBytes - sample.bare.residentBytes) / megabyte)} MB above ${round(sample.bare.residentBytes / megabyte)} MB (${sample.gateway.processes} processes, the first ${round(sample.gateway.ownBytes / megabyte)} MB; anonymous ${round(sample.gateway.anonymousBytes / megabyte)} MB)`);
      await Promise.race([sleep(sampleEveryMs), loaded]);
    }
    const { acknowledged, tookMs } = await loaded;
    const after = await pair.gatewayStatus();
    const handled = (after.agent.units[0]?.handled ?? 0) - (before.agent.units[0]?.handled ?? 0);
    if (acknowledged !== count || handled === 0) throw new Error(`${acknowledged} of ${count} events were acknowledged, ${handled} handled: nothing was measured`);
    return { figures: { ...figuresOf(samples), memoryMinutes: tookMs / 60_000, memoryEventsPerSecond: (1000 * acknowledged) / tookMs, memoryEventsHandled: handled, memoryBacklogAtEnd: after.uplink?.backlog ?? 0 }, ratios: {} };
  } finally {
    bare.kill();
    await Promise.all([load.end(), bare.exitCode === null && bare.signalCode === null ? once(bare, "exit") : undefined]);
  }
}

function take(gatewayPid: number, barePid: number, atMs: number): Sample {
  const [gateway, bare] = [treeMemoryOf(gatewayPid), treeMemoryOf(barePid)];
  if (gateway === undefined || bare === undefined) throw new Error("a process that is measured has ended");
  return { atMs, gateway, bare };
}

/** The last tenth for the level, the second half for the slope: 15 minutes of a run of 30. */
function figuresOf(samples: readonly Sample[]): Record<string, number> {
  const last = samples.slice(Math.floor(samples.length * 0.9));
  const half = samples.slice(Math.floor(samples.length / 2));
  const level = (of: (sample: Sample) => number): number => median(last.map(of)) / megabyte;
  const bare = level((sample) => sample.bare.residentBytes);
  return {
    memoryBareMegabytes: bare,
    memoryGatewayMegabytes: level((sample) => sample.gateway.residentBytes),
    memoryAboveBareMegabytes: level((sample) => sample.gateway.residentBytes) - bare,
    memoryAboveBareMegabytesMax: Math.max(...samples.map((sample) => sample.gateway.residentBytes - sample.bare.residentBytes)) / megabyte,
    memoryGatewayProcessMegabytes: level((sample) => sample.gateway.ownBytes),
    memoryAnonymousMegabytes: level((sample) => sample.gateway.anonymousBytes),
    memoryGrowthLastHalfMegabytes: growth(half.map((sample) => [sample.atMs, sample.gateway.residentBytes / megabyte])),
  };
}

/** Of a straight line through the points (least squares), over their whole time. */
function growth(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  const meanX = points.reduce((total, [x]) => total + x, 0) / count;
  const meanY = points.reduce((total, [, y]) => total + y, 0) / count;
  const slope = points.reduce((total, [x, y]) => total + (x - meanX) * (y - meanY), 0) / points.reduce((total, [x]) => total + (x - meanX) ** 2, 0);
  return slope * ((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0));
}
