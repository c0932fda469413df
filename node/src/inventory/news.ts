/** Whether a report says anything that the last one did not. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { Measured } from "@holon/core/schema/inventory.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";

/** `told`: what does not change by itself has; `measured`: a measured value has come, gone, or moved far enough. */
export function isNews(before: NodeReport, now: NodeReport): "told" | "measured" | undefined {
  if (canonicalJson(toldOf(before)) !== canonicalJson(toldOf(now))) return "told";
  const { processors, memoryBytes, diskBytes } = now.capacity;
  const isFar =
    differs(before.load.processors, now.load.processors, processors) || differs(before.load.memoryBytes, now.load.memoryBytes, memoryBytes) || differs(before.uplink?.latencyMs, now.uplink?.latencyMs, Math.max(before.uplink?.latencyMs?.value ?? 0, leastLatencyMs)) ||
    differs(before.uplink?.bytesPerSecond, now.uplink?.bytesPerSecond, before.uplink?.bytesPerSecond?.value) ||
    isSpeedFar(before.speeds ?? {}, now.speeds ?? {}) ||
    isBesideFar(before.beside ?? {}, now.beside ?? {}) ||
    Math.abs((before.capacity.diskBytes ?? 0) - (diskBytes ?? 0)) > limits.inventoryChange * (before.capacity.diskBytes ?? 0);
  return isFar ? "measured" : undefined;
}

/** A change of less is nothing that a plan should follow. */
const leastLatencyMs = 4;

/** A call of less is nothing that a plan should follow either. */
const leastCallMs = 1;

const isSpeedFar = (before: Speeds, now: Speeds): boolean => Object.keys({ ...before, ...now }).some((unit) => differs(before[unit], now[unit], Math.max(leastCallMs / limits.inventoryChange, before[unit]?.value ?? 0)));
/** A sibling that does not answer at this moment is no news: what was measured of it goes out of date by itself. */
const isBesideFar = (before: Speeds, now: Speeds): boolean => Object.keys(now).some((node) => differs(before[node], now[node], Math.max(leastLatencyMs, before[node]?.value ?? 0)));
type Speeds = Readonly<Record<string, Measured | undefined>>;

function toldOf({ found, capacity: { processors, memoryBytes, accelerators }, providers, powerSource, uplink, prices, power, carbonGramsPerKilowattHour }: NodeReport): object {
  const values = (of: Readonly<Record<string, Measured | undefined>>): object => Object.fromEntries(Object.entries(of).flatMap(([key, value]) => (value?.source === "declared" ? [[key, value.value]] : [])));
  const { parent, ...ways } = uplink ?? {};
  const shown = { accelerators: found?.accelerators?.kinds ?? null, providers: found?.providers?.names ?? null };
  return { shown, processors: processors ?? null, memoryBytes: memoryBytes ?? null, accelerators: accelerators ?? null, providers, powerSource: powerSource?.value ?? null, parent: parent ?? null, ways: values(ways), prices: values(prices), power: values(power), carbon: values({ carbonGramsPerKilowattHour }) };
}

function differs(before: Measured | undefined, now: Measured | undefined, of: number | undefined): boolean {
  if (before === undefined || now === undefined) return before !== now;
  return Math.abs(before.value - now.value) > limits.inventoryChange * (of ?? before.value);
}
