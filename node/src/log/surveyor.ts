/** Keeps the indexes of the log up to date in the background, a slice at a time, so that appends do not feel it. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { SegmentLog } from "./segment-log.ts";

export interface Surveyor {
  /** There may be more to read. */
  wake(): void;
  close(): Promise<void>;
}

export function createSurveyor(log: SegmentLog, ports: { readonly clock: Clock; readonly trace: Trace }): Surveyor {
  let timer: Timer | undefined;
  let busy: Promise<void> | undefined;
  let closed = false;

  function wake(): void {
    if (closed || timer !== undefined || busy !== undefined || !log.survey.hasWork()) return;
    timer = ports.clock.after(limits.surveyEveryMs, () => {
      timer = undefined;
      busy = log.survey
        .step(limits.surveyStepBytes)
        .catch((error: unknown) => {
          closed = true; // a disk that cannot be read is told by the log; questions read what is not described
          ports.trace.note("warn", `the index of the log is not kept up: ${toHolonError(error).message}`, { code: toHolonError(error).code });
        })
        .finally(() => {
          busy = undefined;
          wake();
        });
    });
  }

  return {
    wake,
    async close() {
      closed = true;
      timer?.cancel();
      await busy;
    },
  };
}
