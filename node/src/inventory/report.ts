/** A node's report, from what was measured and what is declared: what is declared goes before. What nobody knows is left out. */
import { limits } from "@holon/core/limits.ts";
import type { HostCapacity } from "@holon/core/ports.ts";
import type { Measured } from "@holon/core/schema/inventory.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";

export interface Way {
  readonly parent: string;
  /** One way; undefined: not measured. */
  readonly latencyMs: number | undefined;
  /** As it was probed last: it takes bytes to know. */
  readonly bandwidth?: { readonly bytesPerSecond: number; readonly asOfMs: number } | undefined;
}

export type Found = NonNullable<NonNullable<NodeReport["found"]>["providers"]>;

export interface ReportInput {
  readonly config: Pick<NodeConfig, "inventory" | "prices" | "power"> & { readonly siblings?: NodeConfig["siblings"] };
  readonly nowMs: number;
  readonly capacity: HostCapacity;
  /** As percent of what the machine has, 0 to 100. */
  readonly load: { readonly processors?: number | undefined; readonly memory?: number | undefined };
  readonly way: Way | undefined;
  /** What the model runtime has, as it was tried last. */
  readonly providers?: Found | undefined;
  /** Milliseconds of one event, by unit, as measured. */
  readonly speeds?: Readonly<Record<string, number>>;
  /** Milliseconds, one way, by sibling, as measured. */
  readonly beside?: Readonly<Record<string, number>>;
}

export function reportOf({ config, nowMs, capacity, load, way, providers: tried, speeds = {}, beside = {} }: ReportInput): NodeReport {
  const { inventory = {}, prices, power } = config;
  const asOf = (source: Measured["source"]) => (value: number | undefined): Measured | undefined => (value === undefined ? undefined : { value, asOfMs: nowMs, source });
  const each = (values: Readonly<Record<string, number>>): Record<string, Measured> => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, asOfMs: nowMs, source: "measured" as const }]));
  const [declared, measured] = [asOf("declared"), asOf("measured")];
  const has = compact({ processors: inventory.processors ?? capacity.processors, memoryBytes: inventory.memoryBytes ?? capacity.memoryBytes, diskBytes: inventory.diskBytes ?? capacity.diskBytes });
  const powerSource = inventory.powerSource ?? capacity.powerSource;
  const { latencyMs, bytesPerSecond, perGigabyte } = inventory.uplink ?? {};
  const found = compact({ accelerators: capacity.accelerators && { kinds: capacity.accelerators.slice(0, limits.acceleratorKindsMax).map(({ model, count }) => ({ model: model.slice(0, 256), count })), asOfMs: nowMs }, providers: tried });
  return {
    capacity: { ...has, ...(inventory.accelerators === undefined ? {} : { accelerators: inventory.accelerators }), asOfMs: nowMs, ...sourcesOf(inventory, has) },
    load: compact({ processors: measured(part(load.processors, has.processors)), memoryBytes: measured(part(load.memory, has.memoryBytes)) }),
    providers: [...new Set([...(inventory.providers ?? tried?.names ?? ["cpu"]), ...(capacity.confines === true ? ["bubblewrap"] : [])])],
    ...(way === undefined ? {} : { uplink: { parent: way.parent, ...compact({ latencyMs: declared(latencyMs) ?? measured(way.latencyMs), bytesPerSecond: declared(bytesPerSecond) ?? (way.bandwidth && { value: way.bandwidth.bytesPerSecond, asOfMs: way.bandwidth.asOfMs, source: "measured" as const }), perGigabyte: declared(perGigabyte ?? priced(prices?.perGigabyteUp)) }) } }),
    prices: compact({
      perProcessorHour: declared(inventory.prices?.perProcessorHour ?? priced(prices?.perProcessorHour)),
      perGigabyteHour: declared(inventory.prices?.perGigabyteHour ?? priced(prices?.perGigabyteHour)),
      perAcceleratorHour: declared(inventory.prices?.perAcceleratorHour),
      perKilowattHour: declared(inventory.prices?.perKilowattHour ?? priced(prices?.perKilowattHour)),
    }),
    power: compact({ processorWatts: declared(inventory.power?.processorWatts ?? power?.coreWatts), acceleratorWatts: declared(inventory.power?.acceleratorWatts) }),
    ...(Object.keys(speeds).length === 0 ? {} : { speeds: each(speeds) }),
    ...(Object.keys(beside).length === 0 ? {} : { beside: each(beside) }),
    ...(powerSource === undefined ? {} : { powerSource: { value: powerSource, asOfMs: nowMs, source: inventory.powerSource === undefined ? ("measured" as const) : ("declared" as const) } }),
    ...(inventory.providers !== undefined ? { providersAsOf: { asOfMs: nowMs, source: "declared" as const } } : tried === undefined ? {} : { providersAsOf: { asOfMs: tried.asOfMs, source: "measured" as const } }),
    ...(Object.keys(found).length === 0 ? {} : { found }),
    ...(config.siblings === undefined || config.siblings.length === 0 ? {} : { siblings: config.siblings.map(({ name }) => name).sort() }),
    ...compact({ carbonGramsPerKilowattHour: declared(inventory.carbonGramsPerKilowattHour) }),
  };
}

/** Where something is declared, that is the source, and what was measured all the same is named beside it. */
function sourcesOf(declared: NonNullable<NodeConfig["inventory"]>, has: Readonly<Partial<Record<Amount, number>>>): Pick<NodeReport["capacity"], "source" | "sources"> {
  const told = amounts.filter((amount) => has[amount] !== undefined);
  const measured = told.filter((amount) => declared[amount] === undefined);
  if (measured.length === told.length) return { source: "measured" };
  return { source: "declared", ...(measured.length === 0 ? {} : { sources: Object.fromEntries(measured.map((amount) => [amount, "measured" as const])) }) };
}

const amounts = ["processors", "memoryBytes", "diskBytes"] as const;
type Amount = (typeof amounts)[number];

/** In what is declared for metering a price that was left out is nought; whether it is free, nobody has said. */
const priced = (price: number | undefined): number | undefined => (price === 0 ? undefined : price);

const part = (percent: number | undefined, of: number | undefined): number | undefined => (percent === undefined || of === undefined ? undefined : (percent / 100) * of);

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined. */
function compact<T extends object>(values: T): Present<T> {
  const present: Present<T> = {};
  for (const key in values) {
    const value = values[key];
    if (isThere(value)) present[key] = value;
  }
  return present;
}

const isThere = <Value>(value: Value): value is Exclude<Value, undefined> => value !== undefined;
