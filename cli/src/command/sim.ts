/** `holon sim run`: the simulator, loaded only here. */
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { HolonError } from "@holon/core/errors.ts";
import { draw } from "../terminal.ts";
import { wholeNumber } from "../whole-number.ts";
import { diskError } from "@holon/platform/disk/error.ts";
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
  readonly record?: string;
  readonly trace?: string;
  readonly json?: boolean;
}

export async function runSim(options: SimOptions): Promise<void> {
  if (options.all === true || options.record !== undefined) return runOnRecord(options);
  if (options.scenario === "continuum-year") return runContinuumYear(options);
  const { holonProgram } = await import("@holon/sim/programs/program.ts");
  const { runScenario, scenarios } = await import("@holon/sim/run.ts");
  const seeds = count("--seeds", options.seeds);
  const program = await holonProgram();
  const report = await runScenario({
    scenario: options.scenario,
    seed: count("--seed", options.seed),
    seeds,
    exhaustive: count("--exhaustive", options.exhaustive),
    variant: options.variant,
    size: sizeOf(options),
    safetyMsMax: options.safetyMs === undefined ? undefined : count("--safety-ms", options.safetyMs),
    program,
    ...(options.trace === undefined ? {} : { record: lineWriter(options.trace) }),
    progress: (run, done) => {
      if (process.stderr.isTTY) draw(process.stderr, `\rseed ${run.seed}: ${done}/${seeds}, ${run.violations.length} violations\u001b[K`);
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
  requireWritable("--trace", path);
  writeFileSync(path, "");
  return (line) => appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/** Told before the first seed is run. */
function requireWritable(flag: string, path: string): void {
  try {
    appendFileSync(path, "");
  } catch (cause) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} ${path} cannot be written to: ${diskError("write", path, cause).message}`, { cause, next: "Name a file in a folder that is there, and to which you may write." });
  }
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
    progress: (hour) => hour % 100 === 0 && process.stderr.isTTY && draw(process.stderr, `\rhour ${hour}\u001b[K`),
  });
  process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : `${yearTable(report)}\n`);
  const [violation] = report.violations;
  if (violation !== undefined) throw new HolonError("HOLON_SIM_VIOLATION", `${report.violations.length} violations, first: ${violation}`);
}

/** One scenario or every one, of which each seed is written to a file as soon as it is done; what stands there is not done again. */
async function runOnRecord(options: SimOptions): Promise<void> {
  const { holonProgram } = await import("@holon/sim/programs/program.ts");
  const { runAll } = await import("@holon/sim/run-all.ts");
  const { requireScenario } = await import("@holon/sim/run.ts");
  const { seedSums } = await import("@holon/sim/seed-record.ts");
  const { record } = options;
  const lost = (["variant", "shrink", "trace"] as const).find((flag) => options[flag] !== undefined);
  if (lost !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `--${lost} does not go with --all or --record`, { next: "Run the one scenario and seed without them." });
  const names = options.all === true ? undefined : [requireScenario(options.scenario).name];
  const done = await runAll({
    program: await holonProgram(),
    seed: count("--seed", options.seed),
    seeds: count("--seeds", options.seeds),
    exhaustive: count("--exhaustive", options.exhaustive),
    size: sizeOf(options),
    ...(names === undefined ? {} : { names }),
    ...(options.safetyMs === undefined ? {} : { safetyMsMax: count("--safety-ms", options.safetyMs) }),
    done: record === undefined ? [] : await openRecord(record),
    skipped: (scenario, why) => void process.stderr.write(`${scenario} is skipped: ${why}\n`),
    keep: (row) => {
      if (record !== undefined) appendFileSync(record, `${JSON.stringify(row)}\n`);
      if (process.stderr.isTTY) draw(process.stderr, `\r${row.scenario}: seed ${row.seed}, ${row.violations.length} violations\u001b[K`);
    },
  });
  const rows = seedSums(done.filter(({ scenario }) => names === undefined || names.includes(scenario)));
  process.stdout.write(`${JSON.stringify(rows, undefined, options.json === true ? undefined : 2)}\n`);
  const violations = Object.values(rows).flatMap((row) => row.violations);
  if (violations.length > 0) throw new HolonError("HOLON_SIM_VIOLATION", `${violations.length} violations, first: ${violations[0]}`);
}

/** What was done so far. A line that was cut short with its run is taken off, so that the next does not stand behind it. */
async function openRecord(path: string): Promise<readonly DoneSeed[]> {
  requireWritable("--record", path);
  const { parseSeedRecord } = await import("@holon/sim/seed-record.ts");
  try {
    const text = readFileSync(path, "utf8");
    const { done, whole } = parseSeedRecord(text, path);
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    return done;
  } catch (cause) {
    throw cause instanceof HolonError ? cause : diskError("read", path, cause);
  }
}

const sizeOf = ({ nodes, hours }: SimOptions): { nodes?: number; hours?: number } => ({
  ...(nodes === undefined ? {} : { nodes: count("--nodes", nodes) }),
  ...(hours === undefined ? {} : { hours: count("--hours", hours) }),
});

const count = (flag: string, text: string): number => wholeNumber(flag, text, { max: 999_999_999 });
