/** `holon sim run`: the simulator, loaded only here. */
import { HolonError } from "@holon/core/errors.ts";

export interface SimOptions {
  readonly scenario: string;
  readonly seed: string;
  readonly seeds: string;
  readonly exhaustive: string;
  readonly variant?: string;
  readonly nodes?: string;
  readonly hours?: string;
  readonly json?: boolean;
}

export async function runSim(options: SimOptions): Promise<void> {
  const { holonProgram } = await import("@holon/sim/program.ts");
  const { runScenario } = await import("@holon/sim/run.ts");
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
    program,
    progress: (run, done) => {
      if (process.stderr.isTTY) process.stderr.write(`\rseed ${run.seed}: ${done}/${seeds}, ${run.violations.length} violations\u001b[K`);
    },
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
  const [violation] = report.violations;
  if (violation !== undefined) throw new HolonError("HOLON_SIM_VIOLATION", `${report.violations.length} violations, first: ${violation}`);
}

function count(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a whole number, not ${text}`);
  return Number(text);
}
