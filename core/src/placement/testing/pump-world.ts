/** A cloud, an edge, and two gateways of a plant, with one unit to be placed; each question changes something of that. */
import { inventorySchema } from "../../schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "../../schema/needs.ts";
import { explainChoice, type Explanation } from "../explain.ts";
import { planAll, type Planned, type PlanInputs, type PlanTools } from "../planner.ts";

export const nowMs = 1_800_000_000_000;
export const measured = (value: number, ageMs = 0) => ({ value, asOfMs: nowMs - ageMs, source: "measured" as const });

export interface World {
  readonly node?: Readonly<Record<string, object>>;
  readonly unit?: object;
  readonly others?: readonly object[];
  readonly flows?: readonly object[];
  readonly policy?: object;
}

export const idle = { processors: measured(0), memoryBytes: measured(0) };
/** All that a budget asks for is known. */
export const priced = (perProcessorHour: number) => ({ perProcessorHour: measured(perProcessorHour), perGigabyteHour: measured(0), perKilowattHour: measured(0) });

export function inputsOf({ node = {}, unit = {}, others = [], flows = [], policy = {} }: World): PlanInputs {
  const base = (name: string, tier: string, site: string, price: number, more: object) => ({ name, tier, site, jurisdiction: "EU/DE", capacity: { processors: 2, memoryBytes: 2e9 }, load: idle, prices: priced(price), ...more, ...node[name] });
  const up = (parent: string, latencyMs: number) => ({ uplink: { parent, latencyMs: measured(latencyMs), perGigabyte: measured(0.1) } });
  const nodes = [
    base("cloud-1", "cloud", "cloud", 0.01, { jurisdiction: "US/CA" }),
    base("edge-1", "edge", "region", 0.02, up("cloud-1", 40)),
    base("gateway-1", "gateway", "plant", 0.05, up("edge-1", 5)),
    base("gateway-2", "gateway", "plant", 0.06, up("edge-1", 5)),
  ];
  return {
    policy: placementPolicySchema.parse({ perMillisecond: 0.001, ...policy }),
    inventory: inventorySchema.parse({ nodes }),
    apps: [appNeedsSchema.parse({ app: "pump", units: [{ name: "judge", processors: 1, callMs: 0, ...unit }, ...others], flows })],
    nowMs,
    seed: 1,
  };
}

export const askBy = (tools: PlanTools) => (world: World, node: string, unit = "pump/judge", previous?: Planned): Explanation => explainChoice(planAll({ ...inputsOf(world), ...(previous === undefined ? {} : { previous: previous.plan }) }, tools), unit, node);
