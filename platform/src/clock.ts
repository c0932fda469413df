import { existsSync } from "node:fs";
import type { Clock, ClockState } from "@holon/core/ports.ts";

/** `setTimeout` takes 31 bits and fires at once above them. */
const delayMsMax = 2 ** 31 - 1;
const stateAgeMsMax = 60_000;
/** Files that a time service leaves where it has set the clock: systemd-timesyncd. */
const syncedFiles = ["/run/systemd/timesync/synchronized"];

/** The clock of this machine. The wall clock is `synced` only where a time service has left its mark; else it is `unknown`. */
export function createClock(options: { readonly syncedFiles?: readonly string[] } = {}): Clock {
  const files = options.syncedFiles ?? syncedFiles;
  let state: ClockState = "unknown";
  let checkedMs = Number.NEGATIVE_INFINITY;
  const currentState = (): ClockState => {
    const nowMs = performance.now();
    if (nowMs - checkedMs >= stateAgeMsMax) {
      checkedMs = nowMs;
      state = files.some((file) => existsSync(file)) ? "synced" : "unknown";
    }
    return state;
  };
  return {
    monotonicMs: () => performance.now(),
    wall: () => ({ ms: Date.now(), state: currentState() }),
    after: (delayMs, callback) => startTimer(performance.now() + delayMs, callback),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** Node's timers may fire up to a millisecond early and not beyond 24 days: the port promises neither. */
function startTimer(dueMs: number, callback: () => void): { cancel(): void } {
  let timeout: NodeJS.Timeout;
  const wait = (): void => {
    timeout = setTimeout(() => {
      if (performance.now() < dueMs) wait();
      else callback();
    }, Math.min(delayMsMax, Math.max(0, Math.ceil(dueMs - performance.now()))));
  };
  wait();
  return { cancel: () => clearTimeout(timeout) };
}
