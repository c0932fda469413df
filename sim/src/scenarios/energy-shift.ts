/**
 * Jobs wait for the hours of least carbon or money, on recorded curves of three zones, while links are cut for hours and machines lose power. What is foretold is wrong by up to a twentieth; what
 * has been is not. Some curves come from files, some from an address that is away while the link is.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { DoneRun } from "@holon/control/store/energy.ts";
import { worldBeginsMs } from "../clock.ts";
import { checkShifted, type ExpectedJob } from "../checkers/shifted.ts";
import type { Fleet, Machine } from "../fleet.ts";
import { jobEveryMs, jobsApp, jobsProgram, type TimedJob } from "../programs/jobs.ts";
import { controlOf } from "../programs/moving.ts";
import { readLane } from "../read-lane.ts";
import type { Scenario } from "../scenario.ts";
import { missingRecordings } from "../traces/recordings.ts";
import { carbonOf, priceOf, recordedRegions, type RecordedRegion } from "../traces/recorded-regions.ts";

const hourMs = 3_600_000;
const hoursDefault = 40;
const forecastError = 0.05;
const deployMs = 120_000;
const againMs = 2_000;

/** Which zone a node stands in; the first three are edges. */
const places = { "edge-de": 0, "edge-ca": 1, "edge-vic": 3, "gateway-de": 0, cloud: 0 } as const;
type Place = keyof typeof places;
const edges: readonly Place[] = ["edge-de", "edge-ca", "edge-vic"];

interface Job extends TimedJob {
  readonly expected: ExpectedJob;
}

const job = (name: string, nodes: readonly string[], needs: object, { hours, slackHours, interruptible, by }: Pick<ExpectedJob, "hours" | "slackHours" | "interruptible" | "by">): Job => ({
  name,
  needs: { tiers: ["edge"], processors: 4, deferrableHours: slackHours, job: { hours, interruptible, by }, ...needs },
  expected: { unit: `jobs/${name}`, hours, slackHours, interruptible, by, nodes, tells: true },
});
const jobs: readonly Job[] = [
  job("anywhere", edges, {}, { hours: 2, slackHours: 5, interruptible: false, by: "price" }),
  job("at-home", ["edge-de"], { jurisdictions: ["EU"] }, { hours: 1, slackHours: 4, interruptible: false, by: "carbon" }),
  job("abroad", ["edge-ca", "edge-vic"], { jurisdictions: ["US", "AU"], processors: 2 }, { hours: 2, slackHours: 6, interruptible: true, by: "carbon" }),
];
const work: ExpectedJob = { unit: "jobs/work", hours: 3, slackHours: 4, interruptible: true, by: "carbon", nodes: ["gateway-de"], tells: false };

export const energyShift: Scenario = {
  name: "energy-shift",
  about: "Jobs wait for the good hours of recorded curves of carbon and price, on islands by the last that they know: each run once, in time, where it may be, and what is told of it is true.",
  convergeMsMax: 400_000,
  needs: missingRecordings,
  safetyMs: (_, { hours = hoursDefault }) => hours * hourMs,
  program: jobsProgram,
  build(fleet) {
    const curves = curvesOf(fleet);
    const inventory = (name: Place) => ({ processors: 8, memoryBytes: 8e9, diskBytes: 1e10, power: { processorWatts: 100 }, energy: { carbon: { file: "carbon.csv" }, price: name === "edge-ca" ? { url: "https://prices.example/now" } : { file: "price.csv" } } });
    const feeds = (name: Place) => (source: string, isAddress: boolean) => (isAddress && isCut(fleet, name) ? undefined : curves.textOf(name, source.startsWith("carbon") ? "carbon" : "price", worldBeginsMs + fleet.world.nowMs));
    const jurisdictionOf = (name: Place): string => regionOf(name).jurisdiction;
    fleet.add({ name: "cloud", tier: "cloud", inventory: inventory("cloud"), feeds: feeds("cloud") });
    for (const name of edges) fleet.add({ name, tier: "edge", parent: "cloud", site: name, jurisdiction: jurisdictionOf(name), inventory: inventory(name), feeds: feeds(name) });
    fleet.add({ name: "gateway-de", tier: "gateway", parent: "edge-de", site: "plant", inventory: inventory("gateway-de"), feeds: feeds("gateway-de"), devices: { readingsPerSecond: 8 / (jobEveryMs / 1_000), burstChance: 0, burstMax: 1, markerEvery: 1_000 } });
  },
  plan(fleet, untilMs) {
    const { world } = fleet;
    const startMs = world.nowMs;
    world.at(startMs + deployMs, () => deployUntilTaken(fleet));
    const random = world.random.fork("faults");
    for (let atMs = startMs + hourMs; atMs < untilMs - 4 * hourMs; atMs += random.integer(1, 5) * hourMs) {
      const below = random.pick(["edge-de", "edge-ca", "edge-vic", "gateway-de"]);
      const above = below === "gateway-de" ? "edge-de" : "cloud";
      const lastsMs = random.integer(1, 200) * 60_000;
      world.at(atMs, () => fleet.net.cut(below, above, { reset: true }));
      world.at(atMs + lastsMs, () => fleet.net.heal(below, above));
      const victim = random.pick(["edge-de", "edge-ca", "edge-vic", "gateway-de", "cloud"]);
      world.at(atMs + random.integer(1, 59) * 60_000, () => machineOf(fleet, victim).crash(random.pick(["power", "process"]), random.integer(1, 60) * 1_000));
    }
  },
  async check(fleet) {
    const seen = await seenIn(fleet);
    return checkShifted([...jobs.map(({ expected }) => expected), work], seen);
  },
  findings(fleet) {
    const runs = runsOf(fleet);
    const curves = curvesOf(fleet);
    const known = runs.filter((run) => run.actual !== null && run.actualAtOnce !== null);
    const means = (by: string, of: (run: DoneRun) => number | null): number => known.filter((run) => run.by === by).reduce((sum, run, _, all) => sum + (of(run) ?? 0) / all.length, 0);
    const negative = runs.filter((run) => run.by === "price" && run.ran.some(({ fromMs }) => curves.truth(run.node, "price", fromMs) < 0)).length;
    return {
      violations: runs.length === 0 ? ["the run proves nothing: no job was done"] : [],
      figures: {
        runs: runs.length,
        chosenByNodes: runs.filter(({ chosenBy }) => chosenBy === "node").length,
        places: new Set(runs.filter(({ unit }) => unit === "jobs/anywhere").map(({ node }) => node)).size,
        inPieces: runs.filter(({ ran }) => ran.length > 1).length,
        toldWhatItSaved: known.length,
        atNegativePrice: negative,
        carbon: means("carbon", ({ actual }) => actual),
        carbonAtOnce: means("carbon", ({ actualAtOnce }) => actualAtOnce),
        price: means("price", ({ actual }) => actual),
        priceAtOnce: means("price", ({ actualAtOnce }) => actualAtOnce),
      },
    };
  },
};

const regionOf = (name: Place): RecordedRegion => recordedRegions[places[name]] ?? never();
const machineOf = (fleet: Fleet, name: string): Machine => fleet.members.get(name)?.machine ?? fleet.root.machine;
const runsOf = (fleet: Fleet): readonly DoneRun[] => controlOf(fleet.root.machine.subject)?.runs() ?? [];
const isPlace = (name: string): name is Place => name in places;
const isCut = (fleet: Fleet, name: Place): boolean => name !== "cloud" && !fleet.net.isReachable(name, name === "gateway-de" ? "edge-de" : "cloud");

interface WorldCurves {
  truth(node: string, kind: "carbon" | "price", ms: number): number;
  textOf(node: Place, kind: "carbon" | "price", nowMs: number): string;
}

const curvesOfFleet = new WeakMap<Fleet, WorldCurves>();
/** Some weeks of the year on record, from an hour by chance; each hour ahead is foretold anew with each reading. */
function curvesOf(fleet: Fleet): WorldCurves {
  const known = curvesOfFleet.get(fleet);
  if (known !== undefined) return known;
  const random = fleet.world.random.fork("curves");
  const offset = random.integer(0, 8_000) + limits.curveBackHours;
  const [carbon, price] = [recordedRegions.map(carbonOf), recordedRegions.map(priceOf)];
  const at = (node: string, kind: "carbon" | "price", hour: number): number => (kind === "carbon" ? carbon : price)[isPlace(node) ? places[node] : 0]?.[(hour + offset) % 8_700] ?? 0;
  const curves: WorldCurves = {
    truth: (node, kind, ms) => at(node, kind, Math.floor((ms - worldBeginsMs) / hourMs)) / (kind === "price" ? 1_000 : 1),
    textOf(node, kind, nowMs) {
      const now = Math.floor((nowMs - worldBeginsMs) / hourMs);
      const rows = Array.from({ length: 48 + 36 }, (_, index) => {
        const hour = now - 48 + index;
        const value = at(node, kind, hour) * (hour <= now ? 1 : 1 + forecastError * (2 * random.uniform() - 1));
        return `${new Date(worldBeginsMs + hour * hourMs).toISOString().slice(0, 19).replace("T", " ")},${value}`;
      });
      return [`Datetime (UTC),${kind === "carbon" ? "Carbon Intensity gCO₂eq/kWh (LCA)" : "Price (EUR/MWh)"}`, ...rows].join("\n");
    },
  };
  curvesOfFleet.set(fleet, curves);
  return curves;
}

function deployUntilTaken(fleet: Fleet): void {
  const control = controlOf(fleet.root.machine.subject);
  let isOver = false;
  const app = jobsApp(jobs);
  control?.deploy(app).then(() => (isOver = true), () => undefined); // control that went down, or has not heard of all, is asked again
  fleet.world.after(againMs, () => void (isOver || deployUntilTaken(fleet)));
}

/** Due times from the first after the deployment to the last that is over. */
async function seenIn(fleet: Fleet): Promise<Parameters<typeof checkShifted>[1]> {
  const endMs = worldBeginsMs + fleet.world.nowMs;
  const longestMs = Math.max(...jobs.map(({ expected }) => (expected.hours + expected.slackHours) * hourMs), 0);
  const due: number[] = [];
  for (let ms = worldBeginsMs + jobEveryMs; ms + Math.max(longestMs, jobEveryMs) + 600_000 < endMs; ms += jobEveryMs) due.push(ms);
  const told: { unit: string; dueMs: number; node: string }[] = [];
  for (const node of edges) {
    const root = fleet.root.machine.subject;
    if (root === undefined) continue;
    for (const record of await fleet.world.drive(readLane(root, { origin: machineOf(fleet, node).name, stream: "data" }))) {
      const event = parseStoredEvent(record.bytes, printRecordName(record));
      if (event.type === "job.ran") told.push({ unit: event.source.split("/").slice(-2).join("/"), dueMs: dueOf(event.data), node });
    }
  }
  return { runs: runsOf(fleet), told, due, everyMs: jobEveryMs, truth: curvesOf(fleet).truth };
}

const dueOf = (data: unknown): number => (typeof data === "object" && data !== null && "dueMs" in data && typeof data.dueMs === "number" ? data.dueMs : Number.NaN);

function never(): never {
  throw new RangeError("there is such a region");
}
