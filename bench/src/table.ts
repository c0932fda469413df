import type { Machine } from "./machine.ts";
import type { SuiteResult } from "./suite.ts";

/** What one run of the bench says. */
export interface BenchResult extends SuiteResult {
  readonly machine: Machine;
}

/** The result for people: one aligned line a number. */
export function printTable({ machine, figures, ratios }: BenchResult): string {
  const width = Math.max(...[machine, figures, ratios].flatMap((rows) => Object.keys(rows)).map((name) => name.length));
  const rows = (title: string, values: object): readonly string[] => ["", title, ...Object.entries(values).map(([name, value]) => `  ${name.padEnd(width)}  ${String(value)}`)];
  return [...rows("machine", machine), ...rows("figures", figures), ...rows("ratios (to a limit: time over time; to a rival: rate over rate)", ratios)].slice(1).join("\n");
}
