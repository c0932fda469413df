/** `holon sim run`: the simulator, loaded only here. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { HolonError } from "@holon/core/errors.ts";
import { diskError } from "@holon/platform/disk-error.ts";
import type { RecordedLine } from "@holon/sim/recording.ts";
import type { DoneSeed } from "@holon/sim/run-all.ts";

export interface SimOptions {
  readonly scenario: string;
  readonly seed: string;
  readonly seeds: string;
  readonly exhaustive: string;
  readonly variant?: string;
  readonly nodes?: string;
  readonly hours?: string;
  readonly safetyMs?: string;
  readonly shrink?: boolean;
  readonly all?: boolean;
  readonly resume?: string;
  readonly trace?: string;
  readonly json?: boolean;
}

export async function runSim(options: SimOptions): Promise<void> {
  if (options.all === true) return runEverything(options);
  if (options.scenario === "continuum-year") return runContinuumYear(options);
  const { holonProgram } = await import("@holon/sim/program.ts");
  const { runScenario, scenarios } = await import("@holon/sim/run.ts");
  const seeds = count("--seeds", options.seeds);
  const program = await holonProgram();
  const report = await runScenario({
    scenario: options.scenario,
    seed: count("--seed", options.seed),
    seeds,
    exhaustive: count("--exhaustive", options.exhaustive),
    variant: options.variant,
    size: {
      ...(options.nodes === undefined ? {} : { nodes: count("--nodes", options.nodes) }),
      ...(options.hours === undefined ? {} : { hours: count("--hours", options.hours) }),
    },
    safetyMsMax: options.safetyMs === undefined ? undefined : count("--safety-ms", options.safetyMs),
    program,
    ...(options.trace === undefined ? {} : { record: lineWriter(options.trace) }),
    progress: (run, done) => {
      if (process.stderr.isTTY) process.stderr.write(`\rseed ${run.seed}: ${done}/${seeds}, ${run.violations.length} violations\u001b[K`);
    },
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
  const [violation] = report.violations;
  if (violation === undefined) return;
  const scenario = scenarios.get(options.scenario);
  const failing = /^seed (\d+):/.exec(violation)?.[1];
  if (options.shrink === true && scenario !== undefined && failing !== undefined) {
    const { shrinkSeed } = await import("@holon/sim/shrink.ts");
    const shortestMs = await shrinkSeed(scenario, program, Number(failing), { variant: options.variant });
    process.stderr.write(`shrunk: npm run sim -- --scenario ${scenario.name} --seed ${failing} --safety-ms ${Math.ceil(shortestMs)}${options.variant === undefined ? "" : ` --variant ${JSON.stringify(options.variant)}`}\n`);
  }
  throw new HolonError("HOLON_SIM_VIOLATION", `${report.violations.length} violations, first: ${violation}`);
}

/** What happened, a line of JSON each, for the console's Replay. A file that is there is replaced. */
function lineWriter(path: string): (line: RecordedLine) => void {
  try {
    writeFileSync(path, "");
  } catch (cause) {
    throw diskError("write", path, cause);
  }
  return (line) => appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/** The one scenario without machines: plans, and what they come to. */
async function runContinuumYear({ seed, nodes, hours, variant, json }: SimOptions): Promise<void> {
  const { runYear, yearDefaults, yearTable } = await import("@holon/sim/year/year.ts");
  if (variant !== undefined && variant !== "alike") throw new HolonError("HOLON_ARGUMENT_BAD", `continuum-year has no variant ${variant}`, { next: "Its one variant is alike: processors cost and draw the same everywhere." });
  const report = runYear({
    ...yearDefaults,
    alike: variant === "alike",
    seed: count("--seed", seed),
    ...(nodes === undefined ? {} : { nodes: count("--nodes", nodes) }),
    ...(hours === undefined ? {} : { hours: count("--hours", hours) }),
    progress: (hour) => hour % 100 === 0 && process.stderr.isTTY && process.stderr.write(`\rhour ${hour}\u001b[K`),
  });
  process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : `${yearTable(report)}\n`);
  const [violation] = report.violations;
  if (violation !== undefined) throw new HolonError("HOLON_SIM_VIOLATION", `${report.violations.length} violations, first: ${violation}`);
}

/** Every scenario. With `--resume` each seed is written to a file when it is done, and what stands there is not done again. */
async function runEverything(options: SimOptions): Promise<void> {
  const { holonProgram } = await import("@holon/sim/program.ts");
  const { runAll } = await import("@holon/sim/run-all.ts");
  const { resume } = options;
  const done = await runAll({
    program: await holonProgram(),
    seed: count("--seed", options.seed),
    seeds: count("--seeds", options.seeds),
    exhaustive: count("--exhaustive", options.exhaustive),
    done: resume === undefined || !existsSync(resume) ? [] : readFileSync(resume, "utf8").split("\n").filter((line) => line !== "").map(parseDone),
    skipped: (scenario, why) => void process.stderr.write(`${scenario} is skipped: ${why}\n`),
    keep: (row) => {
      if (resume !== undefined) appendFileSync(resume, `${JSON.stringify(row)}\n`);
      if (process.stderr.isTTY) process.stderr.write(`\r${row.scenario}: seed ${row.seed}, ${row.violations.length} violations\u001b[K`);
    },
  });
  const rows = Object.fromEntries([...new Set(done.map(({ scenario }) => scenario))].map((name) => [name, sumOf(done.filter(({ scenario }) => scenario === name))]));
  process.stdout.write(`${JSON.stringify(rows, undefined, options.json === true ? undefined : 2)}\n`);
  const violations = done.flatMap((row) => row.violations.map((violation) => `seed ${row.seed}: ${violation}`));
  if (violations.length > 0) throw new HolonError("HOLON_SIM_VIOLATION", `${violations.length} violations, first: ${violations[0]}`);
}

/** A line that this command wrote. */
function parseDone(line: string): DoneSeed {
  return JSON.parse(line) as DoneSeed;
}

function sumOf(done: readonly DoneSeed[]): Readonly<Record<string, unknown>> {
  const sum = (pick: (row: DoneSeed) => number): number => done.reduce((total, row) => total + pick(row), 0);
  return {
    seeds: done.length,
    worlds: sum((row) => row.worlds),
    acknowledged: sum((row) => row.acknowledged),
    delivered: sum((row) => row.delivered),
    expiredByRule: sum((row) => row.expiredByRule),
    damagedReported: sum((row) => row.damagedReported),
    lost: sum((row) => row.lost),
    duplicated: sum((row) => row.duplicated),
    reordered: sum((row) => row.reordered),
    convergedMsMax: done.some((row) => row.convergedMs === null) ? null : Math.max(...done.map((row) => row.convergedMs ?? 0)),
    violations: done.flatMap((row) => row.violations),
  };
}

function count(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a whole number, not ${text}`);
  return Number(text);
}
