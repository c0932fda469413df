/** `holon plan simulate`: the fleet as it is known now, lived through with failures, on a copy. The simulator is loaded only here. */
import { HolonError } from "@holon/core/errors.ts";
import type { PlanInputs } from "@holon/core/placement/planner.ts";
import { keptPlanSchema } from "@holon/core/schema/plan.ts";
import type { Client } from "../client.ts";

export interface PlanSimulateOptions {
  readonly hours: string;
  readonly seed: string;
  readonly faults: string;
  readonly lose: readonly string[];
  readonly cut: readonly string[];
}

/** Assumed: a machine fails every six weeks for four hours, a link every three days for one. */
const usual = { nodes: { everyHours: 1_000, forHours: 4 }, links: { everyHours: 72, forHours: 1 } } as const;
const kinds = { none: {}, nodes: { nodes: usual.nodes }, links: { links: usual.links }, all: usual } as const;

export async function simulatePlan(client: Client, { hours, seed, faults, lose, cut }: PlanSimulateOptions, json: boolean): Promise<void> {
  const kept = await client.get("/v1/plan/inputs", keptPlanSchema);
  const { previous, scope: _, ...rest } = kept.inputs;
  const inputs: PlanInputs = { ...rest, ...(previous === undefined ? {} : { previous }) };
  for (const name of [...lose, ...cut]) if (!inputs.inventory.nodes.some((node) => node.name === name)) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${name} is in the plan's inventory`, { next: "See `holon node list`." });
  const { cutLines, whatIf, whatIfTable } = await import("@holon/sim/what-if/what-if.ts");
  const report = whatIf({ plan: kept.plan, inputs }, { hours: count("--hours", hours, 8_784), seed: count("--seed", seed, 1e9), faults: { ...kindOf(faults), lose, cut } });
  if (json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
  process.stdout.write(`${whatIfTable(report)}\n`);
  for (const line of cutLines(report)) process.stdout.write(`${line}\n`);
  for (const violation of report.violations) process.stdout.write(`${violation}\n`);
  const { unknown } = report;
  if (unknown.length > 0) process.stderr.write(`unknown, and left out of the figures: ${unknown.slice(0, unknownShown).join(", ")}${unknown.length > unknownShown ? ` and ${unknown.length - unknownShown} more` : ""}\n`);
}

const unknownShown = 8;

function kindOf(faults: string): (typeof kinds)[keyof typeof kinds] {
  if (faults === "none" || faults === "nodes" || faults === "links" || faults === "all") return kinds[faults];
  throw new HolonError("HOLON_ARGUMENT_BAD", `--faults is none, nodes, links or all, not ${faults}`);
}

function count(flag: string, text: string, max: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1 || Number(text) > max) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a whole number from 1 to ${max}, not ${text}`);
  return Number(text);
}
