/**
 * When a log comes to rest, an empty batch is put behind its newest one: its roll names what that one held, so that damage to the newest records
 * while the node is down is told record by record, as anywhere else in the log.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";

export interface Epilogue {
  /** Writes it now if it is due. */
  close(): Promise<void>;
}

export function createEpilogue(log: Log, ports: { readonly clock: Clock; readonly trace: Trace }): Epilogue {
  let timer: Timer | undefined;
  let touchedMs = 0;
  let isDue = false;

  async function write(): Promise<void> {
    isDue = false;
    try {
      await log.append({});
    } catch (error) {
      const { code, message } = toHolonError(error);
      ports.trace.note("debug", `the newest records have no roll behind them yet: ${message}`, { code }); // what made it fail is told by the log; the next commit tries again
    }
  }

  function rest(): void {
    const restMs = ports.clock.monotonicMs() - touchedMs;
    timer = restMs >= limits.epilogueAfterMs ? undefined : ports.clock.after(limits.epilogueAfterMs - restMs, rest);
    if (timer === undefined && isDue) void write();
  }

  const unsubscribe = log.onCommit(({ lanes, cells }) => {
    if (lanes.length === 0 && cells.length === 0) return; // the epilogue itself
    isDue = true;
    touchedMs = ports.clock.monotonicMs();
    timer ??= ports.clock.after(limits.epilogueAfterMs, rest);
  });

  return {
    async close() {
      unsubscribe();
      timer?.cancel();
      if (isDue) await write();
    },
  };
}
