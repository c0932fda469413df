/** What a node knows of itself, a line a value: with what it is from, when it was true, and whether that is too long ago. What it does not know stands there, too, as unknown. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { energyKinds, type EnergyCurve, type EnergyKind } from "../schema/energy.ts";
import { sourceOf, type Measured } from "../schema/inventory.ts";
import type { NodeReport } from "../schema/node-report.ts";
import { hourMs, meanOver } from "../shifting/job.ts";
import { placementPolicySchema } from "../schema/needs.ts";

export const knownValueSchema = z.object({
  what: z.string(),
  /** For people, with its unit; null: unknown. */
  value: z.string().nullable(),
  asOfMs: z.number().nullable(),
  /** `declared`, `measured`, `estimated`, `forecast`, or for a curve where it was read. */
  source: z.string().nullable(),
  /** A plan takes it for unknown. */
  stale: z.boolean(),
});
export type KnownValue = z.infer<typeof knownValueSchema>;

export interface KnownInputs {
  readonly report: NodeReport | undefined;
  /** Left out by who does not have them: of curves nothing is told then. */
  readonly curve?: (kind: EnergyKind) => EnergyCurve | undefined;
  /** Of units here that ask models: milliseconds of one inference, half of the time. */
  readonly inferences: Readonly<Record<string, number>>;
  readonly trust: { readonly level: string; readonly asOfMs: number } | undefined;
  readonly nowMs: number;
}

const { staleAfterMs, loadStaleAfterMs } = placementPolicySchema.parse({});

export function knownValues({ report, curve, inferences, trust, nowMs }: KnownInputs): readonly KnownValue[] {
  const line = (what: string, value: string | undefined, asOfMs: number | undefined, source: string | undefined, afterMs = staleAfterMs): KnownValue => ({ what, value: value ?? null, asOfMs: asOfMs ?? null, source: source ?? null, stale: asOfMs !== undefined && nowMs - asOfMs > afterMs });
  const of = (what: string, measured: Measured | undefined, unit: string, scale = 1, afterMs = staleAfterMs): KnownValue => line(what, measured && `${print(measured.value / scale)}${unit === "" ? "" : ` ${unit}`}`, measured?.asOfMs, measured?.source, afterMs);
  const { capacity, load, uplink, prices, power, found } = report ?? {};
  const has = (what: string, amount: "processors" | "memoryBytes" | "diskBytes", unit: string, scale = 1): KnownValue => {
    const value = capacity?.[amount];
    return value === undefined || capacity === undefined ? line(what, undefined, undefined, undefined) : line(what, `${print(value / scale)}${unit}`, capacity.asOfMs, sourceOf(capacity, amount));
  };
  return [
    line("trust", trust?.level, trust?.asOfMs, trust === undefined ? undefined : "certificate"),
    has("processors", "processors", ""),
    has("memory", "memoryBytes", " GB", 1e9),
    has("disk, free", "diskBytes", " GB", 1e9),
    line("accelerators", capacity?.accelerators && `${capacity.accelerators.count} ${capacity.accelerators.model}`, capacity?.accelerators && capacity.asOfMs, capacity?.accelerators && "declared"),
    line("execution providers", report?.providers.join(", "), report?.providersAsOf?.asOfMs, report === undefined ? undefined : (report.providersAsOf?.source ?? "assumed")),
    line("accelerators, found", found?.accelerators && (found.accelerators.kinds.map(({ model, count }) => `${count} ${model}`).join(", ") || "none"), found?.accelerators?.asOfMs, found?.accelerators && "measured"),
    line("execution providers, found", found?.providers && (found.providers.names.join(", ") || "none"), found?.providers?.asOfMs, found?.providers && "measured"),
    of("load, processors", load?.processors, "", 1, loadStaleAfterMs),
    of("load, memory", load?.memoryBytes, "GB", 1e9, loadStaleAfterMs),
    of("link latency", uplink?.latencyMs, "ms"),
    atLeast(of("link bandwidth", uplink?.bytesPerSecond, "MB/s", 1e6), uplink?.bytesPerSecond),
    of("link price", uplink?.perGigabyte, "a GB"),
    line("power source", report?.powerSource?.value, report?.powerSource?.asOfMs, report?.powerSource?.source),
    of("power of a processor", power?.processorWatts, "W"),
    of("power of an accelerator", power?.acceleratorWatts, "W"),
    of("price of a processor", prices?.perProcessorHour, "an hour"),
    of("price of memory", prices?.perGigabyteHour, "a GB an hour"),
    of("price of electricity", prices?.perKilowattHour, "a kWh"),
    of("carbon of electricity", report?.carbonGramsPerKilowattHour, "g/kWh"),
    ...(curve === undefined ? [] : energyKinds.map((kind) => curveLine(kind, curve(kind), nowMs))),
    ...Object.entries(report?.speeds ?? {}).map(([unit, measured]) => of(`speed of ${unit}`, measured, "ms an event")),
    ...Object.entries(report?.beside ?? {}).map(([node, measured]) => of(`way to ${node}`, measured, "ms")),
    ...Object.entries(inferences).map(([unit, ms]) => line(`inference in ${unit}`, `${print(ms)} ms`, nowMs, "measured")),
  ];
}

/** What a probe cannot tell apart from faster is no measure of how fast, and is not told as one. */
function atLeast(line: KnownValue, bandwidth: Measured | undefined): KnownValue {
  const isFloor = bandwidth?.source === "measured" && bandwidth.value >= (1_000 * limits.bandwidthProbeBytes) / limits.bandwidthProbeMsMin;
  return isFloor ? { ...line, value: `at least ${line.value ?? ""}` } : line;
}

function curveLine(kind: EnergyKind, curve: EnergyCurve | undefined, nowMs: number): KnownValue {
  const what = `curve of ${kind}`;
  if (curve === undefined) return { what, value: null, asOfMs: null, source: null, stale: false };
  const now = meanOver(curve, [{ fromMs: nowMs, toMs: nowMs + 1 }]);
  const ahead = Math.max(0, Math.floor((curve.startMs + curve.values.length * hourMs - nowMs) / hourMs));
  return { what, value: `${now === undefined ? "unknown" : print(now)} ${kind === "carbon" ? "g/kWh" : "a kWh"} now, ${ahead} h ahead`, asOfMs: curve.asOfMs, source: curve.from, stale: nowMs - curve.asOfMs > staleAfterMs };
}

const print = (value: number): string => String(Number(value.toPrecision(4)));
