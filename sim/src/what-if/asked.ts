/** A plan as it is kept, lived through as somebody asked for it. */
import { HolonError } from "@holon/core/errors.ts";
import type { PlanInputs } from "@holon/core/placement/planner.ts";
import type { KeptPlan } from "@holon/core/schema/plan.ts";
import type { WhatIfAsk, WhatIfReport } from "@holon/core/schema/what-if.ts";
import { whatIf } from "./what-if.ts";

/** Assumed: a machine fails every six weeks for four hours, a link every three days for one. */
const usual = { nodes: { everyHours: 1_000, forHours: 4 }, links: { everyHours: 72, forHours: 1 } } as const;
const kinds = { none: {}, nodes: { nodes: usual.nodes }, links: { links: usual.links }, all: usual } as const;

/** `HOLON_NODE_UNKNOWN` where what is to be lost or cut is not in the plan's inventory. */
export function whatIfAsked(kept: KeptPlan, { hours, seed, faults, lose, cut }: WhatIfAsk): WhatIfReport {
  const { previous, scope: _, ...rest } = kept.inputs;
  const inputs: PlanInputs = { ...rest, ...(previous === undefined ? {} : { previous }) };
  const names = new Set(inputs.inventory.nodes.map(({ name }) => name));
  for (const name of [...lose, ...cut]) if (!names.has(name)) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${name} is in the plan's inventory`, { next: "See `holon node list`." });
  return whatIf({ plan: kept.plan, inputs }, { hours, seed, faults: { ...kinds[faults], lose, cut } });
}
