/**
 * Lines and outages from the record: each gateway has a recorded mobile or home line and a recorded way to the edge, the edge a fixed line
 * to the cloud, and machines go down and come back as those of one real cluster did in one stretch of its log. Losses and resets on
 * the way are not in the recordings and stay those of a wide-area line.
 */
import type { Fleet, Machine } from "../fleet.ts";
import { wideAreaLine, type LinkProfile, type ProfileOf } from "../net/link-profile.ts";
import type { SeededRandom } from "../random.ts";
import type { Scenario, ScenarioSize } from "../scenario.ts";
import type { LineRate } from "../traces/line-rate.ts";
import { betweenHomes, betweenSites, latencyAt, type RecordedLatency } from "../traces/recorded-latencies.ts";
import { outageWindow, type Outage } from "../traces/recorded-outages.ts";
import { fixedRates, mobileRates } from "../traces/recorded-rates.ts";
import { missingRecordings } from "../traces/recordings.ts";
import { QueueWatch } from "../queue-watch.ts";

const hourMs = 3_600_000;
const gatewaysDefault = 3;
const bootMs = 20_000;
/** Time for the app to come down before the first outage. */
const settleMs = 120_000;

interface Struck {
  outages: number;
  downMs: number;
  readonly queues: QueueWatch;
}
const struckOf = new WeakMap<Fleet, Struck>();

export const realLinks: Scenario = {
  name: "real-links",
  about: "Bandwidth and latency of every link, and the outages of the machines, as they were recorded of real ones.",
  needs: missingRecordings,
  convergeMsMax: 900_000,
  safetyMs: (world, { hours }: ScenarioSize) => (hours ?? world.random.fork("safety").between(0.7, 2)) * hourMs,
  lines: (world) => recordedLines(world.random.fork("lines")),
  build(fleet, { nodes = gatewaysDefault }) {
    const random = fleet.world.random.fork("topology");
    fleet.add({ name: "cloud", tier: "cloud", driftPpm: random.between(-50, 50) });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", driftPpm: random.between(-50, 50) });
    for (let number = 1; number <= nodes; number++) {
      const devices = { readingsPerSecond: random.between(0.05, 0.5), burstChance: 0.05, burstMax: random.integer(10, 200), markerEvery: random.integer(1, 20) };
      fleet.add({ name: `gateway-${number}`, tier: "gateway", parent: "edge-1", devices, driftPpm: random.between(-100, 100) });
    }
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const struck: Struck = { outages: 0, downMs: 0, queues: new QueueWatch(fleet) };
    struckOf.set(fleet, struck);
    const random = world.random.fork("outages");
    const beginMs = world.nowMs + settleMs;
    const { outages } = outageWindow(random, untilMs - beginMs);
    const machines = castOf(fleet, outages, random);
    for (const outage of outages) {
      const machine = machines.get(outage.node);
      if (machine === undefined) continue;
      struck.outages += 1;
      struck.downMs += outage.toMs - outage.fromMs;
      world.at(beginMs + outage.fromMs, () => strike(fleet, machine, outage));
      world.at(beginMs + outage.toMs, () => recover(fleet, machine, outage, random));
    }
  },
  findings(fleet) {
    const struck = struckOf.get(fleet);
    if (struck === undefined) return { violations: [], figures: {} };
    const violations = [...struck.queues.violations()];
    if (struck.outages === 0) violations.push("no outage of the record struck: the run proves nothing");
    return { violations, figures: { outages: struck.outages, downMinutes: Math.round(struck.downMs / 60_000), queuedBytesMax: struck.queues.bytesMax } };
  },
};

/** The nodes of the record that were down most often play our machines. */
function castOf(fleet: Fleet, outages: readonly Outage[], random: SeededRandom): ReadonlyMap<string, Machine> {
  const counts = new Map<string, number>();
  for (const { node } of outages) counts.set(node, (counts.get(node) ?? 0) + 1);
  const nodes = [...counts].sort(([a, one], [b, two]) => two - one || (a < b ? -1 : 1)).map(([node]) => node);
  const machines = [...fleet.members.values()].map(({ machine }) => ({ machine, place: random.uniform() })).sort((a, b) => a.place - b.place);
  const cast = new Map<string, Machine>();
  for (const [index, { machine }] of machines.entries()) {
    const node = nodes[index];
    if (node !== undefined) cast.set(node, machine);
  }
  return cast;
}

function strike({ net }: Fleet, machine: Machine, { cause }: Outage): void {
  if (cause === "network") net.isolate(machine.name);
  else machine.crash(cause);
}

function recover({ net, world }: Fleet, machine: Machine, { cause }: Outage, random: SeededRandom): void {
  if (cause === "network") net.rejoin(machine.name);
  else world.after(random.exponential(bootMs), () => machine.start());
}

/** Each pair of nodes has its line, chosen when it is first used in the order of names, so that the choice depends on the seed alone. */
function recordedLines(random: SeededRandom): ProfileOf {
  const lines = new Map<string, { readonly rate: LineRate; readonly latency: RecordedLatency }>();
  return (from, to, nowMs): LinkProfile => {
    const name = `${from}>${to}`;
    const line = lines.get(name) ?? chooseLine(random.fork([from, to].sort().join("-")), from === "cloud" || to === "cloud");
    lines.set(name, line);
    return { ...wideAreaLine, rate: line.rate, latency: { minMs: latencyAt(line.latency, nowMs), tailMs: 0, stallChance: 0, stallMs: 0 } };
  };
}

function chooseLine(random: SeededRandom, isFixed: boolean): { readonly rate: LineRate; readonly latency: RecordedLatency } {
  const rates = isFixed ? fixedRates() : mobileRates();
  const rate = rates[random.integer(0, rates.length - 1)] ?? fixedRates()[0];
  if (rate === undefined) throw new Error("the recordings hold no line");
  return { rate: rate.from(random), latency: isFixed ? betweenSites(random) : betweenHomes(random) };
}
