import type { Aim } from "./aims.ts";
import type { Machine } from "./machine.ts";
import type { SuiteResult } from "./suite.ts";

/** What one run of the bench says. */
export interface BenchResult extends Omit<SuiteResult, "aims"> {
  readonly machine: Machine;
  /** Of the suites that have any. */
  readonly aims?: Readonly<Record<string, Aim>>;
}

/** The result for people: one aligned line a number. */
export function printTable({ machine, figures, ratios, aims = {} }: BenchResult): string {
  const width = Math.max(...[machine, figures, ratios].flatMap((rows) => Object.keys(rows)).map((name) => name.length));
  const rows = (title: string, values: object): readonly string[] => ["", title, ...Object.entries(values).map(([name, value]) => `  ${name.padEnd(width)}  ${String(value)}`)];
  return [...rows("machine", machine), ...rows("figures", figures), ...rows("ratios (to a limit: time over time; to a rival: rate over rate)", ratios), ...(Object.keys(aims).length === 0 ? [] : rows("aims", Object.fromEntries(Object.entries(aims).map(([name, { value, atMost, isMet }]) => [name, `${value} of at most ${atMost}: ${isMet ? "met" : "missed"}`]))))].slice(1).join("\n");
}
