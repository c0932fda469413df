/**
 * Looks at an isolate without waiting for it: one that is at work has no time to answer. One that is at work although its function has returned is ended; one that answers late
 * since the machine is busy is not.
 */
import { limits } from "@holon/core/limits.ts";
import type { UnitUsage } from "@holon/core/ports.ts";

/** Of an isolate, what is looked at. */
export interface Weighed {
  readonly isDisposed: boolean;
  /** Nanoseconds in which it held its thread; it may have waited for a processor meanwhile. */
  readonly cpuTime: bigint;
  getHeapStatistics(): Promise<{ readonly total_physical_size: number; readonly externally_allocated_size: number }>;
}

export interface Meter {
  /** A batch begins. */
  begin(): void;
  /** Since `begin`. Memory as it was after the batch before. Of an isolate that has ended of itself nothing can be asked: it took what its process did meanwhile, and no more than the time on the wall. */
  usage(): UnitUsage;
  /** `atWork`: it did not answer, and took the time of a processor instead. */
  weigh(atWork: () => void): void;
}

/** Milliseconds of processors that this process has taken: of this isolate at the most. */
const processorMsHere = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};

export function createMeter(isolate: Weighed, processorMs: () => number = processorMsHere, nowMs: () => number = () => performance.now()): Meter {
  let memoryBytes = 0;
  let before = 0n;
  let begun = { processMs: 0, wallMs: 0 };
  const heldMs = (): number => Number(isolate.cpuTime) / 1e6;
  return {
    begin() {
      before = isolate.cpuTime;
      begun = { processMs: processorMs(), wallMs: nowMs() };
    },
    usage() {
      if (isolate.isDisposed) return { processorMs: Math.min(processorMs() - begun.processMs, nowMs() - begun.wallMs), memoryBytes };
      return { processorMs: Number(isolate.cpuTime - before) / 1e6, memoryBytes };
    },
    weigh(atWork) {
      if (isolate.isDisposed) return;
      const [heldBefore, taken] = [heldMs(), processorMs()];
      /** It holds its thread, and a processor has been at work as long. */
      const workedMs = (): number => Math.min(heldMs() - heldBefore, processorMs() - taken);
      const watching = setInterval(() => {
        if (!isolate.isDisposed && workedMs() < limits.isolateEndMs) return;
        clearInterval(watching);
        if (!isolate.isDisposed) atWork();
      }, limits.isolateEndMs);
      isolate
        .getHeapStatistics()
        .then((heap) => {
          memoryBytes = heap.total_physical_size + heap.externally_allocated_size;
        })
        .catch(() => undefined) // it has been ended
        .finally(() => clearInterval(watching));
    },
  };
}
