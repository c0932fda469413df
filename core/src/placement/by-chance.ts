/** Fleets and work by chance, of any size: small ones to be proved, large ones to be timed. */
import { chanceFrom, type Chance } from "../chance.ts";
import { inventorySchema, type Inventory } from "../schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema, type AppNeeds, type PlacementPolicy } from "../schema/needs.ts";

export interface Instance {
  readonly policy: PlacementPolicy;
  readonly inventory: Inventory;
  readonly apps: readonly AppNeeds[];
  readonly nowMs: number;
  readonly seed: number;
}

const nowMs = 1_800_000_000_000;
const places = ["EU/DE", "EU/FR", "US/CA", "JP"] as const;
const measured = (value: number) => ({ value, asOfMs: nowMs - 1000, source: "measured" });
const pick = <Value>(chance: Chance, values: readonly [Value, ...Value[]]): Value => values[chance.below(values.length)] ?? values[0];
const between = (chance: Chance, low: number, high: number): number => low + chance.share() * (high - low);

/** 6 to 12 units (or as many as said) on 4 to 8 nodes; rooms are tight. */
export function smallInstance(seed: number, { units: wanted }: { readonly units?: number } = {}): Instance {
  const chance = chanceFrom(seed);
  const nodeCount = 4 + chance.below(5);
  const nodes = Array.from({ length: nodeCount }, (_, index) => {
    const tier = index === 0 ? "cloud" : index < 3 ? "edge" : "gateway";
    return {
      name: `node-${index}`,
      tier,
      site: index === 0 ? "cloud" : `site-${Math.ceil(index / 2)}`,
      jurisdiction: pick(chance, places),
      trust: chance.share() < 0.9 ? "enrolled" : "none",
      capacity: { processors: Math.round(between(chance, 10, index === 0 ? 40 : 25)) / 10, memoryBytes: Math.round(between(chance, 400, 2_000)) * 2 ** 20, ...(chance.share() < 0.3 ? { accelerators: { model: pick(chance, ["t4", "a10"]), count: 1 + chance.below(2) } } : {}) },
      ...(index === 0 ? {} : { uplink: { parent: index < 3 ? "node-0" : `node-${1 + chance.below(2)}`, latencyMs: measured(between(chance, 2, 80)), perGigabyte: measured(between(chance, 0, 0.2)) } }),
      prices: { perProcessorHour: measured(between(chance, 0.005, 0.06)), perGigabyteHour: measured(between(chance, 0.001, 0.01)), perKilowattHour: measured(between(chance, -0.02, 0.4)), perAcceleratorHour: measured(between(chance, 0.1, 0.6)) },
      power: { processorWatts: measured(between(chance, 3, 15)), acceleratorWatts: measured(70) },
      carbonGramsPerKilowattHour: measured(between(chance, 20, 700)),
    };
  });
  const unitCount = wanted ?? 6 + chance.below(7);
  const apps: object[] = [];
  for (let placed = 0; placed < unitCount; ) {
    const size = Math.min(unitCount - placed, 2 + chance.below(4));
    const units = Array.from({ length: size }, (_, index) => ({
      name: `unit-${index}`,
      ...(chance.share() < 0.3 ? { jurisdictions: [pick(chance, ["EU", "EU/DE", "US", "*"])] } : {}),
      ...(chance.share() < 0.5 ? { sources: [{ site: `site-${1 + chance.below(2)}`, bytesPerMonth: between(chance, 0, 400e9) }] } : {}),
      processors: Math.round(between(chance, 1, 9)) / 10,
      memoryBytes: Math.round(between(chance, 32, 400)) * 2 ** 20,
      trust: chance.share() < 0.5 ? "none" : "enrolled",
      ...(chance.share() < 0.1 ? { accelerator: { need: chance.share() < 0.5 ? "required" : "preferred" } } : {}),
      ...(chance.share() < 0.15 && index === 0 ? { replicas: 2 } : {}),
      ...(chance.share() < 0.1 ? { latencyMsMax: between(chance, 60, 200), callMs: 0, sources: [{ site: "site-1" }] } : {}),
    }));
    const flows = Array.from({ length: size - 1 }, (_, index) => ({ from: `unit-${chance.below(index + 1)}`, to: `unit-${index + 1}`, bytesPerMonth: between(chance, 0, 300e9) }));
    apps.push({ app: `app-${apps.length}`, units, flows });
    placed += size;
  }
  return { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes }), apps: apps.map((app) => appNeedsSchema.parse(app)), nowMs, seed };
}

/** A tree of cloud, edges and gateways with as many nodes, and apps of five units whose data is born at a site. */
export function largeInstance(nodeCount: number, unitCount: number, seed: number): Instance {
  const chance = chanceFrom(seed);
  const clouds = Math.max(1, Math.round(nodeCount * 0.01));
  const edges = Math.max(1, Math.round(nodeCount * 0.1));
  const nodes = Array.from({ length: nodeCount }, (_, index) => {
    const tier = index < clouds ? "cloud" : index < clouds + edges ? "edge" : "gateway";
    const parent = tier === "cloud" ? (index === 0 ? undefined : 0) : tier === "edge" ? chance.below(clouds) : clouds + chance.below(edges);
    const size = tier === "cloud" ? 32 : tier === "edge" ? 8 : 1;
    return {
      name: `node-${index}`,
      tier,
      site: tier === "gateway" ? `site-${(index - clouds - edges) >> 1}` : tier === "edge" ? `edge-${index}` : `cloud-${index}`,
      jurisdiction: pick(chance, places),
      capacity: { processors: size, memoryBytes: size * 2e9, ...(tier !== "gateway" && chance.share() < 0.1 ? { accelerators: { model: "t4", count: 2 } } : {}) },
      ...(parent === undefined ? {} : { uplink: { parent: `node-${parent}`, latencyMs: measured(between(chance, 2, tier === "gateway" ? 20 : 60)), perGigabyte: measured(between(chance, 0, 0.1)) } }),
      prices: { perProcessorHour: measured(between(chance, 0.005, 0.06)), perGigabyteHour: measured(between(chance, 0.001, 0.01)), perKilowattHour: measured(between(chance, 0.05, 0.4)) },
      power: { processorWatts: measured(between(chance, 3, 15)) },
      carbonGramsPerKilowattHour: measured(between(chance, 20, 700)),
    };
  });
  const sites = Math.max(1, (nodeCount - clouds - edges) >> 1);
  const apps: object[] = [];
  for (let placed = 0; placed < unitCount; ) {
    const size = Math.min(unitCount - placed, 5);
    const site = `site-${chance.below(sites)}`;
    const units = Array.from({ length: size }, (_, index) => ({
      name: `unit-${index}`,
      ...(index === 0 ? { classes: ["raw"] } : {}),
      ...(index < 2 ? { sources: [{ site, bytesPerMonth: between(chance, 0, 50e9) }] } : {}),
      ...(index === 2 ? { jurisdictions: [pick(chance, ["EU", "EU/DE", "US", "*"])] } : {}),
      ...(index === 3 && chance.share() < 0.02 ? { accelerator: {} } : {}),
      processors: pick(chance, [0.05, 0.1, 0.2]),
      memoryBytes: pick(chance, [32, 64, 128]) * 2 ** 20,
      priority: chance.below(10),
    }));
    const flows = Array.from({ length: size - 1 }, (_, index) => ({ from: `unit-${index}`, to: `unit-${index + 1}`, bytesPerMonth: between(chance, 0, 10e9) }));
    apps.push({ app: `app-${apps.length}`, units, flows });
    placed += size;
  }
  return { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes }), apps: apps.map((app) => appNeedsSchema.parse(app)), nowMs, seed };
}
