/** Has the log scrubbed in the background, and tells upward what was found damaged, once. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { Damage, LostRange } from "./progress.ts";
import type { SegmentLog } from "./segment-log.ts";

export interface ScrubStatus {
  /** Read so far since the start, and batches mended, and records found lost. */
  readonly bytes: number;
  readonly mended: number;
  readonly lost: readonly LostRange[];
}

export interface Scrubber {
  status(): ScrubStatus;
  close(): Promise<void>;
}

export interface ScrubberOptions {
  readonly log: SegmentLog;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** The record that tells of damage, and the cells that say it was told; undefined where all of it was told before. */
  told(damage: readonly Damage[], lost: readonly LostRange[]): Append | undefined;
}

export function createScrubber({ log, ports, told }: ScrubberOptions): Scrubber {
  let status: ScrubStatus = { bytes: 0, mended: 0, lost: [] };
  let busy: Promise<void> | undefined;
  let timer: Timer | undefined;
  let closed = false;

  async function step(): Promise<void> {
    const { bytes, mended, damage, lost } = await log.scrub.step(limits.scrubStepBytes);
    status = { ...status, bytes: status.bytes + bytes, mended: status.mended + mended };
    const entry = damage.length === 0 && lost.length === 0 ? undefined : told(damage, lost);
    if (entry === undefined) return;
    for (const piece of damage) ports.trace.note("error", `${piece.segment}: bytes ${piece.fromByte} to ${piece.toByte} are damaged (${piece.what})`, { code: "HOLON_LOG_DAMAGED" });
    await log.append(entry); // where that fails, the next round finds it again
    status = { ...status, lost: [...status.lost, ...lost] };
  }

  function tick(): void {
    timer = undefined;
    busy = step()
      .catch((error: unknown) => ports.trace.note("warn", `scrubbing: ${toHolonError(error).message}`, { code: toHolonError(error).code }))
      .finally(() => {
        busy = undefined;
        if (!closed) timer = ports.clock.after(limits.scrubEveryMs, tick);
      });
  }

  timer = ports.clock.after(limits.scrubEveryMs, tick);
  return {
    status: () => status,
    async close() {
      closed = true;
      timer?.cancel();
      await busy;
    },
  };
}
