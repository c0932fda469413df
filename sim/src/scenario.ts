/** The frame of every scenario: safety under faults first, then heal, demand convergence within a bound, and check. */
import { toHolonError } from "@holon/core/errors.ts";
import { Fleet, type CheckOptions, type FleetCheck } from "./fleet.ts";
import type { SubjectProgram } from "./subject.ts";
import type { Note } from "./trace.ts";
import { World } from "./world.ts";

/** What may be asked of a run beside its seed. */
export interface ScenarioSize {
  readonly nodes?: number;
  readonly hours?: number;
}

export interface Scenario {
  readonly name: string;
  /** One sentence for people. */
  readonly about: string;
  /** Virtual time under faults, chosen from the seed. */
  safetyMs(world: World, size: ScenarioSize): number;
  /** Adds the machines. */
  build(fleet: Fleet, size: ScenarioSize): void;
  /** Runs another program, or this one otherwise prepared. */
  program?(program: SubjectProgram): SubjectProgram;
  /** What else must hold at the end; and figures to report, of which the largest over all seeds counts. */
  check?(fleet: Fleet): ScenarioFindings;
  readonly checkOptions?: CheckOptions;
  /** No devices: what is acknowledged are records of functions. */
  readonly withoutReadings?: boolean;
  /** Plans the faults: schedules them in the world. They must end by themselves at `untilMs`. */
  plan(fleet: Fleet, untilMs: number): void;
  /** At the bound, what has not converged is a violation. */
  readonly convergeMsMax: number;
}

export interface ScenarioFindings {
  readonly violations: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** One run of one seed. */
export interface ScenarioRun extends FleetCheck {
  readonly seed: number;
  /** Virtual milliseconds from healing to convergence; undefined where it did not come. */
  readonly convergedMs: number | undefined;
  readonly traceHash: string;
  /** Virtual length, events and crashes: what the run went through. */
  readonly virtualMs: number;
  readonly events: number;
  readonly crashes: number;
  /** Readings that devices were told are safe. */
  readonly readings: number;
  readonly frames: number;
  readonly figures: Readonly<Record<string, number>>;
}

export interface SeedOptions {
  readonly size?: ScenarioSize;
  readonly listener?: ((note: Note) => void) | undefined;
}

const convergencePollMs = 50;
const lagsShown = 20;

/** Runs one scenario from one seed. A defect that throws becomes a violation, so that one bad seed does not hide the others. */
export async function runSeed(scenario: Scenario, program: SubjectProgram, seed: number, { size = {}, listener }: SeedOptions = {}): Promise<ScenarioRun> {
  const world = new World(seed);
  const fleet = new Fleet(world, scenario.program?.(program) ?? program, listener === undefined ? {} : { listener });
  const defects: string[] = [];
  const onRejection = (error: unknown): void => {
    defects.push(`at ${Math.round(world.nowMs)} ms nobody caught: ${describe(error)}`);
  };
  process.on("unhandledRejection", onRejection);
  let convergedMs: number | undefined;
  let found: FleetCheck = nothingFound;
  let more: ScenarioFindings = { violations: [], figures: {} };
  try {
    scenario.build(fleet, size);
    await fleet.bringUp();
    convergedMs = await liveThrough(scenario, fleet, size);
    if (convergedMs === undefined) defects.push(`not converged ${scenario.convergeMsMax} ms after healing: ${lagOf(fleet)}`);
    more = scenario.check?.(fleet) ?? more;
    found = await fleet.check(scenario.checkOptions);
    if (found.acknowledged === 0 || (readingsOf(fleet) === 0 && scenario.withoutReadings !== true)) defects.push("the run proves nothing: no record or no reading was acknowledged");
  } catch (error) {
    defects.push(`at ${Math.round(world.nowMs)} ms: ${describe(error)}`);
  } finally {
    process.removeListener("unhandledRejection", onRejection);
  }
  for (const { machine } of fleet.members.values()) {
    for (const { code, message } of machine.bootFailures) defects.push(`${machine.name} did not boot: ${code} ${message}`);
  }
  return { ...found, violations: [...defects, ...more.violations, ...found.violations, ...found.rawViolations], figures: more.figures, seed, convergedMs, ...figuresOf(fleet) };
}

async function liveThrough(scenario: Scenario, fleet: Fleet, size: ScenarioSize): Promise<number | undefined> {
  const { world } = fleet;
  const healAtMs = world.nowMs + scenario.safetyMs(world, size);
  scenario.plan(fleet, healAtMs);
  await world.run({ timeMs: healAtMs });
  for (const { machine } of fleet.members.values()) machine.devices.quieten();
  fleet.heal();
  const boundMs = healAtMs + scenario.convergeMsMax;
  while (world.nowMs < boundMs) {
    await world.run({ timeMs: Math.min(boundMs, world.nowMs + convergencePollMs) });
    if (fleet.hasConverged()) return Math.round(world.nowMs - healAtMs);
  }
  return undefined;
}

const nothingFound: FleetCheck = {
  acknowledged: 0, delivered: 0, expiredByRule: 0, damagedReported: 0, lost: 0, duplicated: 0, reordered: 0, violations: [], rawViolations: [],
};

function figuresOf(fleet: Fleet): Pick<ScenarioRun, "traceHash" | "virtualMs" | "events" | "crashes" | "readings" | "frames"> {
  const { world, wire, members } = fleet;
  let crashes = 0;
  for (const { machine } of members.values()) crashes += machine.crashes;
  return { traceHash: world.trace.digest(), virtualMs: Math.round(world.nowMs), events: world.events, crashes, readings: readingsOf(fleet), frames: wire.frames };
}

/** Readings of which a device was told that they are safe. */
function readingsOf({ members }: Fleet): number {
  let readings = 0;
  for (const { machine } of members.values()) for (const ledger of machine.devices.ledgers.values()) readings += ledger.acknowledged.count;
  return readings;
}

function lagOf(fleet: Fleet): string {
  const root = fleet.root.machine.subject;
  const lags: string[] = [];
  for (const { machine } of fleet.members.values()) {
    if (machine.subject === undefined) lags.push(`${machine.name} is down`);
    for (const [lane, { lane: { origin }, mark }] of machine.subject?.log.heads() ?? []) {
      if (origin !== machine.name || lane.endsWith("/local")) continue;
      const there = root?.log.heads().get(lane)?.mark;
      if (there?.hash !== mark.hash) lags.push(`${lane} is at ${mark.sequence}, at the cloud ${there?.sequence ?? 0}`);
    }
  }
  return lags.length > lagsShown ? `${lags.slice(0, lagsShown).join("; ")} and ${lags.length - lagsShown} more` : lags.join("; ");
}

function describe(error: unknown): string {
  const { code, message } = toHolonError(error);
  return `${code} ${message}`;
}
