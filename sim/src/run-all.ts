/** Every scenario, seed by seed, so that a run that was broken off can go on where it stopped. */
import { runSeed, type ScenarioRun, type ScenarioSize } from "./scenario.ts";
import { scenarios } from "./run.ts";
import type { SubjectProgram } from "./subject.ts";

/** One seed of one scenario that was lived through. */
export interface DoneSeed {
  readonly scenario: string;
  readonly seed: number;
  /** Where a size was asked for. */
  readonly nodes?: number | undefined;
  readonly hours?: number | undefined;
  /** In all its variants. */
  readonly exhaustive?: true | undefined;
  /** Where faults were to end earlier than the scenario has it. */
  readonly safetyMsMax?: number | undefined;
  readonly worlds: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly expiredByRule: number;
  readonly damagedReported: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly convergedMs: number | null;
  readonly traceHash: string;
  /** It was lived through twice: whether the traces were equal. */
  readonly again?: "same" | "differs" | undefined;
  readonly violations: readonly string[];
}

export interface RunAllOptions {
  readonly program: SubjectProgram;
  readonly seed: number;
  readonly seeds: number;
  /** How many of the seeds of each scenario are lived through in all their variants. */
  readonly exhaustive?: number;
  /** Each seed that this divides is lived through twice, for the same trace. */
  readonly repeatEvery?: number;
  readonly names?: readonly string[];
  readonly size?: ScenarioSize;
  /** Faults end after so much virtual time at the latest. */
  readonly safetyMsMax?: number;
  /** What an earlier run did. */
  readonly done?: readonly DoneSeed[];
  /** Called after each seed, before the next. */
  keep?(done: DoneSeed): void;
  /** Called once for each scenario that cannot run here, with the reason. */
  skipped?(scenario: string, why: string): void;
}

/** All that is done in the end, what was done before included. Scenarios take turns, so that a short run has something of each. */
export async function runAll(options: RunAllOptions): Promise<readonly DoneSeed[]> {
  const { program, seed: first, seeds, exhaustive = 0, repeatEvery = 20, size = {} } = options;
  const all = [...(options.done ?? [])];
  const nameOf = (scenario: string, seed: number, { nodes, hours, exhaustive: isAll, safetyMsMax }: Lived): string => [scenario, seed, nodes ?? "", hours ?? "", isAll ?? "", safetyMsMax ?? ""].join(" ");
  const known = new Set(all.map((done) => nameOf(done.scenario, done.seed, done)));
  const able = [...scenarios.values()].filter((scenario) => {
    const lacking = options.names?.includes(scenario.name) === false ? undefined : scenario.needs?.();
    if (lacking !== undefined) options.skipped?.(scenario.name, lacking);
    return lacking === undefined;
  });
  for (let index = 0; index < seeds; index++) {
    for (const scenario of able) {
      const seed = first + index;
      const how = { size, exhaustive: index < exhaustive, safetyMsMax: options.safetyMsMax };
      const lived: Lived = { ...size, ...(how.exhaustive ? { exhaustive: true } : {}), ...(how.safetyMsMax === undefined ? {} : { safetyMsMax: how.safetyMsMax }) };
      if (known.has(nameOf(scenario.name, seed, lived)) || options.names?.includes(scenario.name) === false) continue;
      const run = await runSeed(scenario, program, seed, how);
      const isRepeated = seed % repeatEvery === 0 && !how.exhaustive;
      const again = isRepeated ? ((await runSeed(scenario, program, seed, how)).traceHash === run.traceHash ? "same" : "differs") : undefined;
      const done = doneSeed(scenario.name, run, lived, again);
      all.push(done);
      options.keep?.(done);
    }
  }
  return all;
}

/** What of a run is not its seed: two that differ in it are two runs. */
type Lived = Pick<DoneSeed, "nodes" | "hours" | "exhaustive" | "safetyMsMax">;

function doneSeed(scenario: string, run: ScenarioRun, lived: Lived, again: DoneSeed["again"]): DoneSeed {
  const { seed, worlds, acknowledged, delivered, expiredByRule, damagedReported, lost, duplicated, reordered, traceHash } = run;
  const violations = again === "differs" ? [...run.violations, `two runs of seed ${seed} differ`] : run.violations;
  return { scenario, seed, ...lived, worlds, acknowledged, delivered, expiredByRule, damagedReported, lost, duplicated, reordered, convergedMs: run.convergedMs ?? null, traceHash, ...(again === undefined ? {} : { again }), violations };
}
