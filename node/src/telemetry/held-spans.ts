/**
 * Steps of traces that may be thinned in a long outage wait in this node's `local`: nobody knows before it ends which hour is its last. When it has ended, those of that hour go into `telemetry`, each once, whatever
 * crashes meanwhile; older ones stay where they are, for who looks here, for as long as `local` is kept.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { FoundEvent, Lane, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import { spanType } from "@holon/core/telemetry/span.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface HeldSpans {
  /** What a crash cut short goes on. */
  resumed(): Promise<void>;
  /** The outage is over, now. */
  ended(): Promise<void>;
  close(): Promise<void>;
}

export interface HeldSpansOptions {
  readonly log: SegmentLog;
  readonly events: Pick<Events, "record">;
  readonly ports: { readonly clock: Pick<Clock, "wall">; readonly trace: Trace };
  /** How long before its end nothing is thinned. */
  readonly fullMs: number;
}

/** Through which record of this node's `local` they went, and the end of the outage of which the rest is still to go. */
const cell = "telemetry/spans";
const wentSchema = z.strictObject({ through: z.int(), endMs: z.number().optional() });
type Went = z.infer<typeof wentSchema>;
const encoder = new TextEncoder();
/** Looked for at once, so that a busy hour is never all in memory. */
const sliceMs = 60_000;

export function createHeldSpans({ log, events, ports, fullMs }: HeldSpansOptions): HeldSpans {
  const accepts = ({ origin, stream }: Lane): boolean => origin === log.origin && stream === "local";
  let working: Promise<void> = Promise.resolve();
  let closed = false;

  const went = (): Went => {
    const known = log.cell(cell);
    return known === undefined ? { through: 0 } : wentSchema.parse(parseJson(known));
  };
  const keep = (state: Went, records: readonly NewRecord[] = []): Promise<unknown> => log.append({ records, cells: [{ key: cell, value: encoder.encode(JSON.stringify(state)) }] });

  /** Oldest first. */
  async function release(endMs: number): Promise<void> {
    const beginMs = endMs - fullMs;
    if ((await log.find({ accepts, type: spanType, sinceMs: beginMs, untilMs: endMs, limit: 1 })).length === 0) return;
    await keep({ ...went(), endMs });
    for (let fromMs = beginMs; fromMs <= endMs; fromMs += sliceMs) {
      const found = await log.find({ accepts, type: spanType, sinceMs: fromMs, untilMs: Math.min(endMs, fromMs + sliceMs - 1), limit: limits.traceSpansReadMax });
      const { through } = went();
      const waiting = found.filter(({ record }) => record.sequence > through).toSorted((one, other) => one.record.sequence - other.record.sequence);
      for (let first = 0; first < waiting.length; first += limits.unitBatchMax) {
        if (closed) return;
        await move(waiting.slice(first, first + limits.unitBatchMax), endMs);
      }
    }
    await keep({ through: went().through });
  }

  async function move(part: readonly FoundEvent[], endMs: number): Promise<void> {
    const records = part.map(({ event: { type, source, time, data } }) => events.record({ stream: "telemetry", type, class: "public", producer: source.slice(log.origin.length + 2), timeMs: Date.parse(time), data }));
    await keep({ through: part.at(-1)?.record.sequence ?? 0, endMs }, records);
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    working = working.then(() => (closed ? undefined : work())).catch((error: unknown) => ports.trace.note("warn", `spans of the last hour: ${toHolonError(error).message}`));
    return working;
  }

  const resume = async (): Promise<void> => {
    const { endMs } = went();
    if (endMs !== undefined) await release(endMs);
  };

  return {
    resumed: () => inTurn(resume),
    ended() {
      const endMs = ports.clock.wall().ms;
      return inTurn(() => resume().then(() => release(endMs)));
    },
    async close() {
      closed = true;
      await working;
    },
  };
}
