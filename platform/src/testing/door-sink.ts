/** What tests of doors need: a sink that keeps what it is given, and waiting for a condition. */
import type { HolonError } from "@holon/core/errors.ts";
import type { DoorSink, Reading } from "@holon/core/ports.ts";

export interface KeptBatch {
  readonly readings: readonly Reading[];
  readonly offset: string | undefined;
}

export interface KeepingSink extends DoorSink {
  readonly batches: KeptBatch[];
  readonly rejects: { readonly code: string; readonly message: string; readonly position: string }[];
  readings(): Reading[];
  /** Problem of the end, or undefined for a plain end. Resolves when the source ends. */
  readonly end: Promise<HolonError | undefined>;
  hasEnded(): boolean;
}

/** `accept` runs before a batch is kept: it may wait or throw, as a disk does. */
export function createKeepingSink(options: { offset?: string; accept?: (batch: KeptBatch) => Promise<void> } = {}): KeepingSink {
  const batches: KeptBatch[] = [];
  const rejects: { code: string; message: string; position: string }[] = [];
  let resolveEnd: (problem: HolonError | undefined) => void = () => {};
  const end = new Promise<HolonError | undefined>((resolve) => {
    resolveEnd = resolve;
  });
  let isEnded = false;
  return {
    batches,
    rejects,
    offset: options.offset,
    readings: () => batches.flatMap((batch) => batch.readings),
    end,
    hasEnded: () => isEnded,
    async accept(readings, offset) {
      const batch = { readings, offset };
      await options.accept?.(batch);
      batches.push(batch);
    },
    enterProducer: () => Promise.reject(new Error("this sink takes readings only")),
    async reject(problem) {
      rejects.push(problem);
    },
    ended(problem) {
      isEnded = true;
      resolveEnd(problem);
    },
  };
}

/** Resolves as soon as the condition holds; fails with its name if it does not within two minutes. */
export async function until(name: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
