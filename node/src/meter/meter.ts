/**
 * Metering of one node. Counts are gathered in memory and written every minute: one telemetry event with what was counted since the
 * last, and the new totals as cells, in one append. So a count is never doubled, and a power cut loses the last interval at most.
 */
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import { addUsage, costOf, noUsage, usageSchema, type Cost, type Usage } from "@holon/core/meter/usage.ts";
import type { Clock, Timer, Trace, UnitResult, UnitUsage } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Meter {
  handled(app: string, fn: string, batch: { readonly events: number; readonly bytesIn: number; readonly recordedMs?: number | undefined; readonly records: readonly NewRecord[]; readonly result: UnitResult }): void;
  /** `usage`: until then, where that is known. */
  failed(app: string, fn: string, usage?: UnitUsage): void;
  /** Totals since the functions were first started, what is not written yet included. */
  totals(): readonly MeterRow[];
  /** Writes what was counted. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface MeterRow extends Usage, Cost {
  readonly app: string;
  readonly function: string;
}

interface MeterContext {
  readonly config: Pick<NodeConfig, "prices" | "power">;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** Times of inferences, as they are made. */
  inferred?(app: string, fn: string, milliseconds: readonly number[]): void;
  /** Events whose outputs are on disk; the oldest of them was recorded then. */
  handled?(app: string, fn: string, events: number, recordedMs: number | undefined): void;
}

const prefix = "meter/";

export function createMeter({ config, log, events, ports, inferred, handled: told }: MeterContext): Meter {
  const counted = new Map<string, Usage>();
  /** On its way to the disk: totals, which stand for what is stored until it is known whether they are. Who asks meanwhile sees nothing go back, which would be counted again. */
  let writing: ReadonlyMap<string, Usage> = new Map();
  let timer: Timer | undefined;
  let closed = false;
  let flushing: Promise<void> = Promise.resolve();
  let fromMs = ports.clock.monotonicMs();

  const add = (app: string, fn: string, usage: Partial<Usage>): void => {
    const unit = `${app}/${fn}`;
    counted.set(unit, addUsage(counted.get(unit) ?? noUsage, { ...noUsage, ...usage }));
    if (timer === undefined && !closed) timer = ports.clock.after(limits.meterEveryMs, () => void flush().catch(tell));
  };
  const tell = (error: unknown): void => ports.trace.note("warn", `meter: ${error instanceof Error ? error.message : String(error)}`);

  function flush(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    flushing = flushing.catch(() => undefined).then(write);
    return flushing;
  }

  async function write(): Promise<void> {
    const usages = [...counted];
    if (usages.length === 0) return;
    const intervalMs = ports.clock.monotonicMs() - fromMs;
    fromMs = ports.clock.monotonicMs();
    counted.clear();
    writing = new Map(usages.map(([unit, usage]) => [unit, addUsage(stored(unit), usage)]));
    const cells: CellChange[] = [...writing].map(([unit, total]) => ({ key: `${prefix}${unit}`, value: encoder.encode(JSON.stringify(total)) }));
    const records = chunked(usages, functionsPerEvent).map((part) =>
      events.record({ stream: "telemetry", type: "holon.meter.counted", class: "public", producer: "meter", data: { intervalMs, functions: Object.fromEntries(part) } }),
    );
    try {
      await log.append({ records, cells });
      writing = new Map();
    } catch (error) {
      writing = new Map();
      for (const [unit, usage] of usages) counted.set(unit, addUsage(counted.get(unit) ?? noUsage, usage)); // nothing of it was stored: counted on
      throw error;
    }
  }

  const stored = (unit: string): Usage => {
    const cell = log.cell(`${prefix}${unit}`);
    return cell === undefined ? noUsage : usageSchema.parse(parseJson(cell));
  };

  return {
    handled(app, fn, { events: handled, bytesIn, recordedMs, records, result }) {
      if (handled > 0) told?.(app, fn, handled, recordedMs);
      const { usage, inferenceMs, inferences = {} } = result;
      if (inferenceMs.length > 0) inferred?.(app, fn, inferenceMs);
      const bytes = (of: readonly NewRecord[]): number => of.reduce((sum, record) => sum + record.bytes.length, 0);
      add(app, fn, {
        invocations: 1,
        events: handled,
        bytesIn,
        bytesOut: bytes(records),
        bytesUp: bytes(records.filter(({ stream }) => stream !== "local")),
        inferences,
        inferenceMs: inferenceMs.reduce((sum, ms) => sum + ms, 0),
        ...worked(usage),
      });
    },
    failed: (app, fn, usage) => add(app, fn, { failures: 1, ...worked(usage) }),
    totals() {
      const units = new Set([...counted.keys(), ...writing.keys(), ...[...log.cells(prefix).keys()].map((key) => key.slice(prefix.length))]);
      return [...units].sort().map((unit) => {
        const [app = "", fn = ""] = unit.split("/");
        const usage = addUsage(writing.get(unit) ?? stored(unit), counted.get(unit) ?? noUsage);
        return { app, function: fn, ...usage, ...costOf(usage, config.power, config.prices) };
      });
    },
    flush,
    async close() {
      closed = true;
      await flush().catch(tell);
    },
  };
}

const worked = ({ processorMs, memoryBytes }: UnitUsage = { processorMs: 0, memoryBytes: 0 }): Pick<Usage, "processorMs" | "memoryByteMs"> => ({ processorMs, memoryByteMs: memoryBytes * processorMs });

/** So that an event of a node with a thousand functions fits into a record. */
const functionsPerEvent = 256;

const chunked = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

const encoder = new TextEncoder();
