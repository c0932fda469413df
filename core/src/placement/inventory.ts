/** The planner's inventory from what control has heard of its nodes. */
import type { InventoryNode, Measured } from "../schema/inventory.ts";
import type { NodeReport } from "../schema/node-report.ts";
import type { Tier } from "../schema/tier.ts";

export interface HeardNode {
  readonly name: string;
  readonly tier: Tier;
  readonly site: string;
  readonly jurisdiction: string;
  readonly trust?: InventoryNode["trust"] | undefined;
  /** It holds back what is new. */
  readonly isHeld?: boolean | undefined;
  /** Undefined where it has never told: what it has is unknown. */
  readonly inventory?: NodeReport | undefined;
}

export interface Reserved {
  readonly processors: number;
  readonly memoryBytes: number;
}

/** `reserved`: what stands there by the plan before. It is part of the load that the node measures, and is not to count twice. */
export function inventoryNodeOf({ name, tier, site, jurisdiction, trust = "enrolled", isHeld, inventory }: HeardNode, state: InventoryNode["state"], reserved: Reserved): InventoryNode {
  const about = { name, tier, site, jurisdiction, trust, state, ...(isHeld === true ? { held: true as const } : {}) } as const;
  if (inventory === undefined) return { ...about, capacity: {}, load: {}, providers: ["cpu"], speeds: {}, prices: {}, power: {} };
  const { load, speeds = {}, powerSource: _source, providersAsOf: _asOf, found: _found, ...rest } = inventory; // on what it runs is no matter of choice
  const beside = (measured: Measured | undefined, own: number): Measured | undefined => measured && { ...measured, value: Math.max(0, measured.value - own) };
  const [processors, memoryBytes] = [beside(load.processors, reserved.processors), beside(load.memoryBytes, reserved.memoryBytes)];
  return { ...about, speeds, ...rest, load: { ...(processors === undefined ? {} : { processors }), ...(memoryBytes === undefined ? {} : { memoryBytes }) } };
}

/** What of an inventory is told and not measured, as text: as long as it is the same, a plan that would place the same is not made anew. */
export function standingOf({ name, tier, site, jurisdiction, trust, state, providers, uplink, capacity, prices, power, carbonGramsPerKilowattHour }: InventoryNode): object {
  const { processors, memoryBytes, accelerators } = capacity;
  const told = (values: Readonly<Record<string, Measured | undefined>>): object => Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value?.source === "declared" ? [[key, value.value]] : [])));
  const { parent, ...ways } = uplink ?? {};
  return { name, tier, site, jurisdiction, trust, state, providers, processors: processors ?? null, memoryBytes: memoryBytes ?? null, accelerators: accelerators ?? null, prices: told(prices), power: told(power), carbon: told({ carbonGramsPerKilowattHour }), parent: parent ?? null, ways: told(ways) };
}
