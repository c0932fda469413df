/** The frame of every scenario: safety under faults first, then heal, demand convergence within a bound, and check. */
import { createHash } from "node:crypto";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { Fleet, type FleetCheck } from "./fleet.ts";
import type { ProfileOf } from "./net/link-profile.ts";
import type { SubjectProgram } from "./subject.ts";
import type { SeededRandom } from "./random.ts";
import { recordRun, type RecordedLine, type Recording } from "./recording.ts";
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
  /** What users of others report and this shows to hold here, by the names of their issues. */
  readonly pains?: readonly string[];
  /** Virtual time under faults, chosen from the seed. */
  safetyMs(world: World, size: ScenarioSize): number;
  /** Why it cannot run here; undefined where it can. */
  needs?(): string | undefined;
  /** The lines between the machines; without it all are of one kind. */
  lines?(world: World): ProfileOf;
  /** Adds the machines. */
  build(fleet: Fleet, size: ScenarioSize): void;
  /** Runs another program, or this one otherwise prepared. */
  program?(program: SubjectProgram): SubjectProgram;
  /** What else must hold at the end; and figures to report, of which the largest over all seeds counts. */
  findings?(fleet: Fleet): ScenarioFindings;
  /** Of so many members beside the root all records are read and compared at the end; of the others the heads of the lanes are. Undefined: of all. */
  readonly readMax?: number;
  /** How long certificates hold; without it they have no dates. */
  readonly certificateMs?: number;
  /** No devices: what is acknowledged are records of functions. */
  readonly withoutReadings?: boolean;
  /** Plans the faults: schedules them in the world. They must end by themselves at `untilMs`. `random` is another one when they are planned again. */
  plan(fleet: Fleet, untilMs: number, random: SeededRandom): void;
  /**
   * Faults may keep documents from arriving until they end, so that there was nothing to lose. They are then planned again, up to so many times, until
   * a reading was taken in under them. Undefined: they are planned once.
   */
  readonly roundsMax?: number;
  /** At the bound, what has not converged is a violation. */
  readonly convergeMsMax: number;
  /** What must hold besides the invariants that every scenario checks: one sentence for each breach. */
  check?(fleet: Fleet): Promise<readonly string[]>;
  /**
   * One seed stands for several worlds: after the first was lived through, these are, from the same beginning. All of them where the
   * seed is to be exhausted, else a sample.
   */
  variants?(first: Fleet, exhaustive: boolean): readonly Variant[];
  /** A checker of this scenario's own, which looks at the fleet after everything that happens. */
  watch?(fleet: Fleet): Watch;
}

export interface Watch {
  see(): void;
  /** Whether what it waits for after healing is there. */
  hasConverged(): boolean;
  violations(): readonly string[];
}

/** A world that differs from the first of its seed in one thing. */
export interface Variant {
  /** Stands in a violation and chooses this world in a replay. */
  readonly name: string;
  /** Called when the machines are there and none has started. */
  arm(fleet: Fleet): void;
}

export interface ScenarioFindings {
  readonly violations: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

export interface SeedOptions {
  readonly size?: ScenarioSize | undefined;
  /** Hears what the nodes say. */
  readonly listener?: ((note: Note) => void) | undefined;
  /** Lives through all variants of the seed, not only a sample. */
  readonly exhaustive?: boolean | undefined;
  /** Lives through this variant alone. */
  readonly variant?: string | undefined;
  /** Heals at the latest after so many virtual milliseconds: a shorter run has fewer faults. */
  readonly safetyMsMax?: number | undefined;
}

/** One run of one seed, all its worlds together. */
export interface ScenarioRun extends FleetCheck {
  readonly seed: number;
  /** Worlds lived through: one, and one for each variant. */
  readonly worlds: number;
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
  /** Hears what happened in the first world, for a replay that people look at. */
  readonly record?: ((line: RecordedLine) => void) | undefined;
}

const convergencePollMs = 50;
const lagsShown = 20;

/** Runs one scenario from one seed. */
export async function runSeed(scenario: Scenario, program: SubjectProgram, seed: number, options: SeedOptions = {}): Promise<ScenarioRun> {
  const shorter = shortened(scenario, options.safetyMsMax);
  const live = (listener: SeedOptions["listener"], variant: Variant | undefined): Promise<Lived> => runWorld(shorter, program, seed, { size: options.size ?? {}, listener, variant, record: variant?.name === options.variant ? options.record : undefined });
  const first = await live(options.variant === undefined ? options.listener : undefined, undefined);
  if (scenario.variants === undefined) return first.run;
  const variants = scenario.variants(first.fleet, options.exhaustive === true || options.variant !== undefined);
  if (options.variant !== undefined) {
    const chosen = variants.find(({ name }) => name === options.variant);
    if (chosen === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `seed ${seed} of ${scenario.name} has no variant ${options.variant}`);
    return (await live(options.listener, chosen)).run;
  }
  const runs = [first.run];
  for (const variant of variants) runs.push((await live(options.listener, variant)).run);
  return together(scenario, seed, runs);
}

const shortened = (scenario: Scenario, safetyMsMax = Number.POSITIVE_INFINITY): Scenario => ({ ...scenario, safetyMs: (world, size) => Math.min(safetyMsMax, scenario.safetyMs(world, size)) });

function together(scenario: Scenario, seed: number, runs: readonly ScenarioRun[]): ScenarioRun {
  const sum = (count: (run: ScenarioRun) => number): number => runs.reduce((total, run) => total + count(run), 0);
  const converged = runs.map((run) => run.convergedMs).filter((ms) => ms !== undefined);
  return {
    seed,
    worlds: runs.length,
    convergedMs: converged.length === runs.length ? Math.max(...converged) : undefined,
    traceHash: createHash("sha256").update(runs.map((run) => run.traceHash).join("\n")).digest("hex"),
    violations: [...runs.flatMap((run) => run.violations), ...(scenario.withoutReadings !== true && sum((run) => run.readings) === 0 ? [`in none of ${runs.length} worlds was a reading acknowledged: the seed proves nothing (replay: ${replayOf(scenario, seed)})`] : [])],
    rawViolations: runs.flatMap((run) => run.rawViolations),
    figures: runs[0]?.figures ?? {},
    acknowledged: sum((run) => run.acknowledged),
    delivered: sum((run) => run.delivered),
    expiredByRule: sum((run) => run.expiredByRule),
    damagedReported: sum((run) => run.damagedReported),
    lost: sum((run) => run.lost),
    duplicated: sum((run) => run.duplicated),
    reordered: sum((run) => run.reordered),
    virtualMs: sum((run) => run.virtualMs),
    events: sum((run) => run.events),
    crashes: sum((run) => run.crashes),
    readings: sum((run) => run.readings),
    frames: sum((run) => run.frames),
  };
}

interface Lived {
  readonly fleet: Fleet;
  readonly run: ScenarioRun;
}

interface WorldOptions {
  readonly size: ScenarioSize;
  readonly listener: SeedOptions["listener"];
  readonly variant: Variant | undefined;
  readonly record: SeedOptions["record"];
}

/** A defect that throws becomes a violation, so that one bad seed does not hide the others. */
async function runWorld(scenario: Scenario, program: SubjectProgram, seed: number, { size, listener, variant, record }: WorldOptions): Promise<Lived> {
  const world = new World(seed);
  const fleet = new Fleet(world, scenario.program?.(program) ?? program, {
    certificateMs: scenario.certificateMs,
    withoutReadings: scenario.withoutReadings === true,
    ...(scenario.readMax === undefined ? {} : { readMax: scenario.readMax }),
    ...(listener === undefined ? {} : { listener }),
    ...(scenario.lines === undefined ? {} : { profileOf: scenario.lines(world) }),
  });
  const defects: string[] = [];
  const onRejection = (error: unknown): void => {
    defects.push(`at ${Math.round(world.nowMs)} ms nobody caught: ${describe(error)}`);
  };
  process.on("unhandledRejection", onRejection);
  const { stackTraceLimit } = Error;
  // A stack is most of what an error costs, nodes that are cut off make one at each try, and a violation names the code alone.
  if (listener === undefined) Error.stackTraceLimit = 0;
  let convergedMs: number | undefined;
  let found: FleetCheck = nothingFound;
  const watch = scenario.watch?.(fleet);
  const recording = record && recordRun(fleet, record);
  let more: ScenarioFindings = { violations: [], figures: {} };
  try {
    scenario.build(fleet, size);
    variant?.arm(fleet);
    recording?.begin(scenario.name, seed);
    await fleet.bringUp();
    convergedMs = await liveThrough(scenario, fleet, size, watch, recording);
    if (convergedMs === undefined) defects.push(`not converged ${scenario.convergeMsMax} ms after healing: ${lagOf(fleet)}`);
    more = scenario.findings?.(fleet) ?? more;
    found = await fleet.check();
    if (found.damagedReported > 0 && fleet.damaged.size === 0) defects.push(`${found.damagedReported} records were reported as damaged, and no disk was damaged`);
    defects.push(...((await scenario.check?.(fleet)) ?? []));
    // In one of several worlds a link or a node may be cut so often that no document arrives before the end: of those it is asked together.
    const wantsReadings = scenario.withoutReadings !== true && scenario.variants === undefined;
    if (found.acknowledged === 0 || (wantsReadings && readingsOf(fleet) === 0)) defects.push("the run proves nothing: no record or no reading was acknowledged");
  } catch (error) {
    defects.push(`at ${Math.round(world.nowMs)} ms: ${describe(error)}`);
  } finally {
    process.removeListener("unhandledRejection", onRejection);
    Error.stackTraceLimit = stackTraceLimit;
  }
  for (const { machine } of fleet.honest) {
    for (const { code, message } of machine.bootFailures) defects.push(`${machine.name} did not boot: ${code} ${message}`);
  }
  const replay = replayOf(scenario, seed, variant);
  const all = [...defects, ...more.violations, ...(watch?.violations() ?? []), ...found.violations, ...found.rawViolations];
  const violations = all.map((violation) => `${violation} (replay: ${replay})`);
  record?.({ atMs: Math.round(world.nowMs), ended: { acknowledged: found.acknowledged, delivered: found.delivered, convergedMs: convergedMs ?? null, violations: all } });
  return { fleet, run: { ...found, violations, figures: more.figures, seed, worlds: 1, convergedMs, ...figuresOf(fleet) } };
}

const replayOf = ({ name }: Pick<Scenario, "name">, seed: number, variant?: Variant): string => `npm run sim -- --scenario ${name} --seed ${seed}${variant === undefined ? "" : ` --variant ${JSON.stringify(variant.name)}`} --json`;

async function liveThrough(scenario: Scenario, fleet: Fleet, size: ScenarioSize, watch: Watch | undefined, recording: Recording | undefined): Promise<number | undefined> {
  const { world } = fleet;
  const run = (timeMs: number) => world.run(watch === undefined && recording === undefined ? { timeMs } : { timeMs, condition: () => (watch?.see(), recording?.see(), false) });
  for (let round = 1, tookIn = false; round <= (scenario.roundsMax ?? 1) && !tookIn; round++) {
    const untilMs = world.nowMs + scenario.safetyMs(world, size);
    scenario.plan(fleet, untilMs, round === 1 ? world.random : world.random.fork(`round ${round}`));
    await run(untilMs);
    tookIn = readingsOf(fleet) > 0;
  }
  const healAtMs = world.nowMs;
  for (const { machine } of fleet.members.values()) machine.devices.quieten();
  fleet.heal();
  recording?.healed();
  const boundMs = healAtMs + scenario.convergeMsMax;
  while (world.nowMs < boundMs) {
    await run(Math.min(boundMs, world.nowMs + convergencePollMs));
    fleet.release();
    const agreed = watch?.hasConverged() !== false;
    if (agreed && fleet.hasConverged()) return Math.round(world.nowMs - healAtMs);
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
  for (const { machine } of fleet.honest) {
    if (machine.subject === undefined) lags.push(`${machine.name} is down`);
    if (machine.subject?.isIdle?.() === false) lags.push(notIdle(machine.name, machine.subject.status?.().admission?.askedBytes ?? 0));
    for (const [lane, { lane: { origin }, mark }] of machine.subject?.log.heads() ?? []) {
      if (origin !== machine.name || lane.endsWith("/local")) continue;
      const there = root?.log.heads().get(lane)?.mark;
      if (there?.hash !== mark.hash) lags.push(`${lane} is at ${mark.sequence}, at the cloud ${there?.sequence ?? 0}`);
    }
  }
  return lags.length > lagsShown ? `${lags.slice(0, lagsShown).join("; ")} and ${lags.length - lagsShown} more` : lags.join("; ");
}

const notIdle = (name: string, askedBytes: number): string =>
  askedBytes > 0 ? `children of ${name} hold ${askedBytes} bytes of credit that they asked for and do not use` : `${name} has not worked through all that came in`;

function describe(error: unknown): string {
  const { code, message } = toHolonError(error);
  return `${code} ${message}`;
}
