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
const measured = (value: number, ageMs = 1000) => ({ value, asOfMs: nowMs - ageMs, source: "measured" });
const days = 86_400_000;
const pick = <Value>(chance: Chance, values: readonly [Value, ...Value[]]): Value => values[chance.below(values.length)] ?? values[0];
const between = (chance: Chance, low: number, high: number): number => low + chance.share() * (high - low);

/** 6 to 12 units (or as many as said) on 4 to 8 nodes; rooms are tight, and some of what is told of the nodes is missing or old. */
export function smallInstance(seed: number, { units: wanted }: { readonly units?: number } = {}): Instance {
  const chance = chanceFrom(seed);
  const often = (share: number): boolean => chance.share() < share;
  /** Now and then nobody has told, or a while ago. */
  const told = (low: number, high: number): object | undefined => (often(0.04) ? undefined : measured(between(chance, low, high), often(0.04) ? 9 * days : 1000));
  const nodeCount = 4 + chance.below(5);
  const siteOf = (index: number): string => (index === 0 ? "cloud" : `site-${Math.ceil(index / 2)}`);
  const nodes = Array.from({ length: nodeCount }, (_, index) => {
    const tier = index === 0 ? "cloud" : index < 3 ? "edge" : "gateway";
    const processors = Math.round(between(chance, 12, index === 0 ? 45 : 30)) / 10;
    const memoryBytes = Math.round(between(chance, 400, 2_000)) * 2 ** 20;
    const inUse = (of: number): object | undefined => (often(0.08) ? undefined : measured(often(0.7) ? 0 : between(chance, 0, of / 3), often(0.05) ? 3 * days : 1000));
    const siblings = [...Array(nodeCount).keys()].filter((other) => other !== index && siteOf(other) === siteOf(index));
    return given({
      name: `node-${index}`,
      tier,
      site: siteOf(index),
      jurisdiction: pick(chance, places),
      trust: often(0.9) ? "enrolled" : "none",
      capacity: given({ processors, memoryBytes, diskBytes: 1e9 * (4 + chance.below(20)), ...(often(0.4) ? { accelerators: { model: pick(chance, ["t4", "a10"]), count: 1 + chance.below(4) } } : {}), asOfMs: often(0.02) ? nowMs - 30 * days : nowMs - 1000 }),
      load: given({ processors: inUse(processors), memoryBytes: inUse(memoryBytes) }),
      providers: ["cpu", ...(often(0.4) ? ["cuda"] : []), ...(often(0.4) ? ["openvino"] : [])],
      speeds: often(0.3) ? { "app-0/unit-0": measured(between(chance, 0, 20)) } : {},
      ...(index === 0 ? {} : { uplink: given({ parent: index < 3 ? "node-0" : `node-${1 + chance.below(2)}`, latencyMs: told(2, 80), perGigabyte: told(0, 0.2) }) }),
      ...(siblings.length > 0 && often(0.6) ? { beside: Object.fromEntries(siblings.map((other) => [`node-${other}`, measured(between(chance, 0.1, 12), often(0.1) ? 9 * days : 1000)])) } : {}),
      prices: given({ perProcessorHour: told(0.005, 0.06), perGigabyteHour: told(0.001, 0.01), perKilowattHour: told(-0.02, 0.4), perAcceleratorHour: told(0.001, 0.02) }),
      power: given({ processorWatts: told(3, 15), acceleratorWatts: measured(often(0.5) ? 70 : 0) }),
      carbonGramsPerKilowattHour: told(20, 700),
    });
  });
  const unitCount = wanted ?? 6 + chance.below(7);
  const apps: object[] = [];
  for (let placed = 0; placed < unitCount; ) {
    const size = Math.min(unitCount - placed, 2 + chance.below(4));
    const site = (): object => ({ site: `site-${1 + chance.below(2)}`, ...(often(0.3) ? { node: `node-${1 + chance.below(4)}` } : {}) });
    const units = Array.from({ length: size }, (_, index) => ({
      name: `unit-${index}`,
      ...(often(0.2) ? { jurisdictions: [pick(chance, ["EU", "EU/DE", "US", "*"])] } : {}),
      ...(often(0.5) ? { sources: [{ ...site(), bytesPerMonth: between(chance, 0, 400e9) }] } : {}),
      ...(often(0.15) ? { effects: [`site-${1 + chance.below(2)}`] } : {}),
      processors: Math.round(between(chance, 1, 9)) / 10,
      memoryBytes: Math.round(between(chance, 32, 400)) * 2 ** 20,
      ...(often(0.3) ? { diskBytes: chance.below(4) * 1e9 } : {}),
      trust: often(0.5) ? "none" : "enrolled",
      ...(often(0.12) ? { accelerator: given({ need: often(0.5) ? "required" : "preferred", ...(often(0.5) ? { count: 1 + chance.below(2) } : { milli: 100 * (1 + chance.below(9)) }), models: often(0.3) ? [pick(chance, ["t4", "a10"])] : undefined }) } : {}),
      ...(often(0.07) ? { providers: often(0.5) ? ["cuda"] : ["openvino", "cuda"] } : {}),
      ...(often(0.15) && index === 0 ? { replicas: 2, spread: often(0.3) ? "site" : "node" } : {}),
      ...(often(0.07) ? given({ latencyMsMax: between(chance, 60, 200), callMs: often(0.2) ? undefined : chance.below(10), sources: [site()] }) : {}),
      ...(often(0.07) ? { budgetPerMonthMax: between(chance, 30, 120) } : {}),
      ...(often(0.1) ? { deferrableHours: 4 } : {}),
      ...(often(0.05) ? { onTheWay: true, sources: [{ ...site(), bytesPerMonth: between(chance, 0, 100e9) }] } : {}),
      stateBytes: often(0.2) ? chance.below(20) * 1e9 : 0,
    }));
    const flows = Array.from({ length: size - 1 }, (_, index) => ({ from: `unit-${chance.below(index + 1)}`, to: `unit-${index + 1}`, bytesPerMonth: between(chance, 0, 300e9), ...(often(0.15) ? { asks: true } : {}) }));
    apps.push({ app: `app-${apps.length}`, units, flows });
    placed += size;
  }
  const links = often(0.2) ? [given({ between: ["site-1", "site-2"], latencyMs: measured(between(chance, 1, 30)), perGigabyte: told(0, 0.1) })] : [];
  return { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes, links }), apps: apps.map((app) => appNeedsSchema.parse(app)), nowMs, seed };
}

/**
 * The same with models that are asked and cut: `parts` of a model in parts, and a cascade, whose ends are placed. Asked by nodes as they are, and by placed functions.
 */
export function stagedInstance(seed: number): Instance {
  const base = smallInstance(seed, { units: 4 });
  const chance = chanceFrom(seed + 7_777);
  const often = (share: number): boolean => chance.share() < share;
  const names = base.inventory.nodes.map(({ name }) => name);
  const count = 2 + chance.below(4);
  const rows = (): number => (often(0.1) ? 0 : between(chance, 1e4, 5e6));
  const partName = (index: number): string => (index === count - 1 ? "end" : `part-${index}`);
  const parts = Array.from({ length: count }, (_, index) => ({ name: partName(index), ms: between(chance, 0.1, 30), bytes: Math.round(between(chance, 10, 4_000)) }));
  const pair = [given({ name: "small", ms: often(0.2) ? undefined : between(chance, 0.05, 2), bytes: 800 }), given({ name: "large", ms: between(chance, 2, 40), bytes: 40 })];
  const askers = (share: number): object[] => names.flatMap((node) => (often(share) ? [{ node, rowsPerMonth: rows() }] : []));
  const placed = often(0.6);
  const unit = (name: string, more: object = {}): object => ({ name, processors: 0.2, memoryBytes: 64 * 2 ** 20, trust: "none", ...more });
  const app = {
    app: "zz-models",
    units: [...(placed ? [unit("reads", { sources: often(0.5) ? [{ site: "site-1", bytesPerMonth: between(chance, 0, 50e9) }] : [] })] : []), unit("end"), unit("large", { tiers: often(0.5) ? ["gateway", "edge", "cloud"] : ["edge", "cloud"] })],
    flows: placed ? [{ from: "reads", to: "end", asks: true }, { from: "reads", to: "large", asks: true }] : [],
    stages: [
      { model: "part-0", kind: "split", parts, ...(often(0.5) ? { pace: { gateway: between(chance, 1, 6), cloud: between(chance, 0.1, 1) } } : {}), askers: askers(0.4), units: placed ? [{ unit: "reads", rowsPerMonth: rows() }] : [] },
      given({ model: "small", kind: "cascade", parts: pair, passUp: often(0.1) ? undefined : chance.share(), askers: askers(0.4), units: placed && often(0.5) ? [{ unit: "reads", rowsPerMonth: rows() }] : [] }),
    ],
  };
  const nodes = base.inventory.nodes.map((node) => {
    const speeds = Object.fromEntries([...parts.map(({ name }) => name), "small", "large"].flatMap((name) => (often(0.3) ? [[`zz-models/${name}`, measured(between(chance, 0.05, 60), often(0.1) ? 9 * days : 1000)]] : [])));
    return { ...node, speeds: { ...node.speeds, ...speeds }, ...(node.uplink === undefined || often(0.1) ? {} : { uplink: { ...node.uplink, bytesPerSecond: measured(between(chance, 1e4, 1e7)) } }) };
  });
  return { ...base, inventory: inventorySchema.parse({ ...base.inventory, nodes }), apps: [...base.apps, appNeedsSchema.parse(app)] };
}

/** The same, where events are handed: they go up, as far as they are let, or leave no node; some are made on nodes that no plan chooses, and some are for what runs on every node of a tier. */
export function handedInstance(seed: number): Instance {
  const base = smallInstance(seed);
  const chance = chanceFrom(seed + 31_337);
  const often = (share: number): boolean => chance.share() < share;
  const names = base.inventory.nodes.map(({ name }) => name);
  const makersOf = (): object => ({ makers: names.filter(() => often(0.3)).map((node) => ({ node, ...(often(0.1) ? { here: true } : often(0.15) ? { until: names[chance.below(names.length)] ?? "" } : often(0.1) ? { asks: true } : {}), ...(often(0.1) ? { like: 2 + chance.below(5) } : {}) })) });
  const takersOf = (): object => ({ takers: [{ unit: "every", tier: pick(chance, ["gateway", "edge", "cloud"]), ...(often(0.3) ? { except: names.filter(() => often(0.3)) } : {}) }] });
  const bordersOf = (): object => ({ borders: [{ born: pick(chance, places), to: pick(chance, places) }] });
  const apps = base.apps.map(({ flows, units, ...rest }) =>
    appNeedsSchema.parse({
      ...rest,
      units: units.map((unit) => ({ ...unit, ...(often(0.3) ? makersOf() : {}), ...(often(0.1) ? takersOf() : {}) })),
      flows: flows.map((flow) => (flow.asks === true || often(0.3) ? flow : { ...flow, hands: often(0.15) ? "here" : "up", ...(often(0.3) ? bordersOf() : {}) })),
    }),
  );
  return { ...base, apps };
}

/** Without what is not there. */
const given = (values: object): object => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

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
      load: { processors: measured(0), memoryBytes: measured(0) },
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
