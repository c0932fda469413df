/** `holon plan simulate`: the fleet as it is known now, lived through with failures, on a copy. Control does it; here, where it is asked to be. The simulator is loaded only here. */
import { HolonError } from "@holon/core/errors.ts";
import { keptPlanSchema } from "@holon/core/schema/plan.ts";
import { whatIfAskSchema, whatIfKinds, whatIfReportSchema, type WhatIfAsk, type WhatIfReport } from "@holon/core/schema/what-if.ts";
import { limits } from "@holon/core/limits.ts";
import type { Client } from "../client.ts";
import { wholeNumber } from "../whole-number.ts";

export interface PlanSimulateOptions {
  readonly hours: string;
  readonly seed: string;
  readonly faults: string;
  readonly lose: readonly string[];
  readonly cut: readonly string[];
  /** Hash of one that was adopted, or how that begins. */
  readonly plan?: string;
  readonly here?: boolean;
}

export async function simulatePlan(client: Client, options: PlanSimulateOptions, json: boolean): Promise<void> {
  const ask = askOf(options);
  const report = options.here === true ? await simulateHere(client, ask) : await simulateThere(client, ask);
  if (json) return void process.stdout.write(`${JSON.stringify(report)}\n`);
  const { cutLines, whatIfTable } = await import("@holon/sim/what-if/what-if.ts");
  process.stdout.write(`${whatIfTable(report)}\n`);
  for (const line of cutLines(report)) process.stdout.write(`${line}\n`);
  for (const violation of report.violations) process.stdout.write(`${violation}\n`);
  const { unknown } = report;
  if (unknown.length > 0) process.stderr.write(`unknown, and left out of the figures: ${unknown.slice(0, unknownShown).join(", ")}${unknown.length > unknownShown ? ` and ${unknown.length - unknownShown} more` : ""}\n`);
}

const unknownShown = 8;
/** Control gives up before. */
const answerMs = limits.whatIfMs + 30_000;

/** Here after all, where control is of a version that does not simulate. */
export const simulateThere = (client: Client, ask: WhatIfAsk): Promise<WhatIfReport> =>
  client.send("POST", "/v1/plan/simulate", ask, whatIfReportSchema, { waitMs: answerMs }).catch((error: unknown) => (error instanceof HolonError && error.message === "the API has no such path" ? simulateHere(client, ask) : Promise.reject(error)));

async function simulateHere(client: Client, ask: WhatIfAsk): Promise<WhatIfReport> {
  const kept = await client.get(`/v1/plan/inputs${ask.plan === undefined ? "" : `?plan=${ask.plan}`}`, keptPlanSchema);
  const { whatIfAsked } = await import("@holon/sim/what-if/asked.ts");
  return whatIfAsked(kept, ask);
}

function askOf({ hours, seed, faults, lose, cut, plan }: PlanSimulateOptions): WhatIfAsk {
  const kind = whatIfKinds.find((one) => one === faults);
  if (kind === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `--faults is none, nodes, links or all, not ${faults}`);
  if (plan !== undefined && !/^[0-9a-f]{8,64}$/.test(plan)) throw new HolonError("HOLON_ARGUMENT_BAD", `--plan is 8 digits of a plan's hash or more, not ${plan}`, { next: "See `holon plan list`." });
  const asked = whatIfAskSchema.safeParse({ hours: wholeNumber("--hours", hours, { min: 1, max: limits.whatIfHoursMax }), seed: wholeNumber("--seed", seed, { min: 1, max: 1e9 }), faults: kind, lose, cut, ...(plan === undefined ? {} : { plan }) });
  if (!asked.success) throw new HolonError("HOLON_ARGUMENT_BAD", "--lose and --cut name nodes", { cause: asked.error, next: "See `holon node list`." });
  return asked.data;
}
