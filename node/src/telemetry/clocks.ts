/**
 * How far the clocks of those who are connected from below differ from the one here: asked at each connection, and now and then. Half of the time that an answer took is what is not known of
 * it. What its parent alone can measure, those above hear from it.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import { clockMethod, clockReportSchema } from "@holon/core/schema/links-report.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";

export interface Clocks {
  /** Who is connected now. */
  changed(connected: readonly string[]): void;
  close(): void;
}

export interface ClocksOptions {
  readonly clock: Clock;
  ask(to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** The clock of a child is ahead by so much (behind, if negative); about the same within `limits.clockOffMs`. */
  told(node: string, offMs: number): void;
}

const prefix = "telemetry/clock/";
const encoder = new TextEncoder();

export const isOff = (offMs: number | undefined): boolean => offMs !== undefined && Math.abs(offMs) >= limits.clockOffMs;

/** Kept where it is off, so that what is in the log is read with it after a start. */
export const clockCell = (node: string, offMs: number): CellChange => ({ key: `${prefix}${node}`, value: isOff(offMs) ? encoder.encode(String(Math.round(offMs))) : null });

export const clocksIn = (log: Pick<Log, "cells">): readonly { readonly node: string; readonly offMs: number }[] =>
  [...log.cells(prefix)].map(([key, value]) => ({ node: key.slice(prefix.length), offMs: Number(new TextDecoder().decode(value)) }));

export function createClocks({ clock, ask, told }: ClocksOptions): Clocks {
  let connected: ReadonlySet<string> = new Set();
  const waiting = new Set<string>();
  let asking = 0;
  let timer: Timer | undefined;
  let closed = false;

  function go(): void {
    while (!closed && asking < limits.clockAskedAtOnce) {
      const [node] = waiting;
      if (node === undefined) return;
      waiting.delete(node);
      if (!connected.has(node) || !isNodeName(node)) continue;
      asking += 1;
      void measure(node).finally(() => {
        asking -= 1;
        go();
      });
    }
  }

  async function measure(node: NodeName): Promise<void> {
    const [sentMs, beginMs] = [clock.wall().ms, clock.monotonicMs()];
    try {
      const { wallMs } = clockReportSchema.parse(await ask(node, clockMethod, {}, limits.clockAnswerMs));
      const tookMs = clock.monotonicMs() - beginMs;
      if (tookMs / 2 < limits.clockOffMs) told(node, wallMs - (sentMs + tookMs / 2));
    } catch (error) {
      toHolonError(error); // a bug is told; else it is away, busy or older, and is asked again
    }
  }

  function later(): void {
    timer?.cancel();
    if (closed || connected.size === 0) return;
    timer = clock.after(limits.clockAskEveryMs, () => {
      for (const node of connected) waiting.add(node);
      go();
      later();
    });
  }

  return {
    changed(now) {
      const before = connected;
      connected = new Set(now);
      for (const node of connected) if (!before.has(node)) waiting.add(node);
      if (before.size === 0) later();
      go();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
