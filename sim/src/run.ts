/** `holon sim run`: many seeds of one scenario, each reproducible, some run twice to prove it. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { runSeed, type Scenario, type ScenarioRun, type ScenarioSize } from "./scenario.ts";
import { encryptedScenarios } from "./scenarios/encrypted.ts";
import { bitFlipEverywhere, rubbishEverywhere } from "./scenarios/bit-flip-everywhere.ts";
import { clone } from "./scenarios/clone.ts";
import { clockFaults } from "./scenarios/clock-faults.ts";
import { coldBootAlone } from "./scenarios/cold-boot-alone.ts";
import { cutAndHeal } from "./scenarios/cut-and-heal.ts";
import { diskFull } from "./scenarios/disk-full.ts";
import { elasticSite } from "./scenarios/elastic-site.ts";
import { energyShift } from "./scenarios/energy-shift.ts";
import { handOff } from "./scenarios/hand-off.ts";
import { siteHandOff } from "./scenarios/site-hand-off.ts";
import { requestsAway } from "./scenarios/requests-away.ts";
import { islandLead } from "./scenarios/island-lead.ts";
import { island72h } from "./scenarios/island-72h.ts";
import { lostFsync } from "./scenarios/lost-fsync.ts";
import { lyingPeer } from "./scenarios/lying-peer.ts";
import { narrowLinks } from "./scenarios/narrow-links.ts";
import { powerCutEverywhere } from "./scenarios/power-cut-everywhere.ts";
import { realLinks } from "./scenarios/real-links.ts";
import { reconnectStorm } from "./scenarios/reconnect-storm.ts";
import { restoreFromBackup } from "./scenarios/restore-from-backup.ts";
import { sharedIslands } from "./scenarios/shared-islands.ts";
import { splitSite } from "./scenarios/split-site.ts";
import type { RecordedLine } from "./recording.ts";
import { telemetry72h } from "./scenarios/telemetry-72h.ts";
import { toldOnce } from "./scenarios/told-once.ts";
import type { SubjectProgram } from "./subject.ts";
import type { Note } from "./trace.ts";

/** Every scenario by name. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [
    cutAndHeal,
    powerCutEverywhere,
    bitFlipEverywhere,
    rubbishEverywhere,
    ...encryptedScenarios,
    diskFull,
    clockFaults,
    coldBootAlone,
    lyingPeer,
    restoreFromBackup,
    clone,
    narrowLinks,
    realLinks,
    splitSite,
    island72h,
    sharedIslands,
    reconnectStorm,
    handOff,
    siteHandOff,
    telemetry72h,
    toldOnce,
    requestsAway,
    islandLead,
    lostFsync,
    energyShift,
    elasticSite,
  ].map((scenario) => [scenario.name, scenario]),
);

export interface RunOptions {
  /** A name in `scenarios`. */
  readonly scenario: string;
  /** The first seed. */
  readonly seed: number;
  /** How many seeds, counted up from the first. */
  readonly seeds: number;
  readonly size?: ScenarioSize;
  readonly program: SubjectProgram;
  /** How many of the seeds, from the first, are lived through in all their variants. */
  readonly exhaustive?: number;
  /** One variant alone, for a replay. */
  readonly variant?: string | undefined;
  /** At most so long under faults, for a replay that was shrunk. */
  readonly safetyMsMax?: number | undefined;
  /** How long it may take to converge, if not as long as the scenario allows: what is sick need not be watched for long. */
  readonly convergeMsMax?: number;
  /** Hears what the nodes say, for a replay. */
  readonly listener?: (note: Note) => void;
  /** Hears what happened in the first seed's first world, for a replay that people look at. */
  readonly record?: (line: RecordedLine) => void;
  /** Called after each seed. */
  readonly progress?: (run: ScenarioRun, done: number) => void;
}

/** Sums over all seeds; `convergedMs` is that of the slowest. */
export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  readonly seeds: number;
  /** Simulated worlds: more than seeds where one seed stands for several. */
  readonly worlds: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly expiredByRule: number;
  readonly damagedReported: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Null where a seed did not converge. */
  readonly convergedMs: number | null;
  readonly traceHash: string;
  /** Each with the command that replays its world. */
  readonly violations: readonly string[];
  readonly seedsRunTwice: number;
  readonly readings: number;
  readonly crashes: number;
  readonly frames: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Of the scenario itself; the largest over all seeds. */
  readonly figures: Readonly<Record<string, number>>;
}

/** One seed in so many is run twice; the first always is. */
const repeatEvery = 20;

/** Runs the seeds one after the other. `HOLON_ARGUMENT_BAD` for a scenario that is not known or no seeds at all. */
export async function runScenario(options: RunOptions): Promise<RunReport> {
  const { program, listener } = options;
  const known = requireScenario(options.scenario);
  const scenario = { ...known, convergeMsMax: options.convergeMsMax ?? known.convergeMsMax };
  const lacking = scenario.needs?.();
  if (lacking !== undefined) throw new HolonError("HOLON_SIM_SKIPPED", `the scenario ${scenario.name} is skipped: ${lacking}`);
  if (!Number.isSafeInteger(options.seed) || !Number.isSafeInteger(options.seeds) || options.seeds < 1) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `seed ${options.seed} and seeds ${options.seeds} must be whole numbers, and at least one seed`);
  }
  const { size, unread } = watchedSize(options.size ?? {});
  const totals = new Totals(scenario.name, options.size ?? {});
  for (let index = 0; index < options.seeds; index++) {
    const how = { size, exhaustive: index < (options.exhaustive ?? 0), variant: options.variant, safetyMsMax: options.safetyMsMax };
    const run = await runSeed(scenario, program, options.seed + index, { ...how, listener, record: index === 0 ? options.record : undefined });
    const [ignored] = index === 0 ? unread() : [];
    if (ignored !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `the scenario ${scenario.name} has no ${ignored} to choose`, { next: `Leave out --${ignored}, or choose a scenario that has.` });
    const again = index % repeatEvery === 0 && !how.exhaustive ? await runSeed(scenario, program, run.seed, how) : undefined;
    totals.add(run, again);
    options.progress?.(run, index + 1);
  }
  return totals.report(options.seed);
}

/** `HOLON_ARGUMENT_BAD` names those that there are. */
export function requireScenario(name: string): Scenario {
  const known = scenarios.get(name);
  if (known === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `there is no scenario ${name}`, { next: `Choose one of: ${[...scenarios.keys()].join(", ")}.` });
  return known;
}

/** The size, and what of it nobody has asked for: who chose it would believe that it was run with that. */
function watchedSize(given: ScenarioSize): { readonly size: ScenarioSize; readonly unread: () => readonly string[] } {
  const left = new Set(Object.keys(given));
  const size = new Proxy(given, {
    get(target, name: keyof ScenarioSize) {
      left.delete(name);
      return target[name];
    },
  });
  return { size, unread: () => [...left] };
}

class Totals {
  readonly #scenario: string;
  readonly #flags: string;
  readonly #runs: ScenarioRun[] = [];
  readonly #violations: string[] = [];
  #twice = 0;

  constructor(scenario: string, { nodes, hours }: ScenarioSize) {
    this.#scenario = scenario;
    this.#flags = `${nodes === undefined ? "" : ` --nodes ${nodes}`}${hours === undefined ? "" : ` --hours ${hours}`}`;
  }

  add(run: ScenarioRun, again: ScenarioRun | undefined): void {
    this.#runs.push(run);
    for (const violation of run.violations) this.#violations.push(`seed ${run.seed}: ${violation.replace(/ --json\)$/, `${this.#flags} --json)`)}`);
    if (again === undefined) return;
    this.#twice += 1;
    if (again.traceHash !== run.traceHash) this.#violations.push(`seed ${run.seed}: two runs differ: ${run.traceHash} and ${again.traceHash} (replay: npm run sim -- --scenario ${this.#scenario} --seed ${run.seed} --json)`);
  }

  report(seed: number): RunReport {
    const runs = this.#runs;
    const sum = (count: (run: ScenarioRun) => number): number => runs.reduce((total, run) => total + count(run), 0);
    const converged = runs.map((run) => run.convergedMs).filter((ms) => ms !== undefined);
    const [only] = runs;
    return {
      scenario: this.#scenario,
      seed,
      seeds: runs.length,
      worlds: sum((run) => run.worlds),
      acknowledged: sum((run) => run.acknowledged),
      delivered: sum((run) => run.delivered),
      expiredByRule: sum((run) => run.expiredByRule),
      damagedReported: sum((run) => run.damagedReported),
      lost: sum((run) => run.lost),
      duplicated: sum((run) => run.duplicated),
      reordered: sum((run) => run.reordered),
      convergedMs: converged.length === runs.length ? Math.max(...converged) : null,
      traceHash: runs.length === 1 && only !== undefined ? only.traceHash : hashOf(runs),
      violations: this.#violations,
      seedsRunTwice: this.#twice,
      readings: sum((run) => run.readings),
      crashes: sum((run) => run.crashes),
      frames: sum((run) => run.frames),
      events: sum((run) => run.events),
      virtualMs: sum((run) => run.virtualMs),
      figures: largest(runs.map((run) => run.figures)),
    };
  }
}

function largest(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [name, value] of all.flatMap((one) => Object.entries(one))) figures[name] = Math.max(figures[name] ?? -Infinity, value);
  return figures;
}

const hashOf = (runs: readonly ScenarioRun[]): string => createHash("sha256").update(runs.map((run) => run.traceHash).join("\n")).digest("hex");
