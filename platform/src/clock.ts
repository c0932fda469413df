import { existsSync } from "node:fs";
import { uptime } from "node:os";
import type { Clock, ClockState } from "@holon/core/ports.ts";

/** `setTimeout` takes 31 bits and fires at once above them. */
const delayMsMax = 2 ** 31 - 1;
const stateAgeMsMax = 60_000;
/** Files that a time service leaves where it has set the clock: systemd-timesyncd. */
const syncedFiles = ["/run/systemd/timesync/synchronized"];

/** The clock of this machine. The wall clock is `synced` only where a time service has left its mark; else it is `unknown`. */
export function createClock(options: { readonly syncedFiles?: readonly string[]; readonly readings?: () => Readings } = {}): Clock {
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
    elapsedMs: createElapsed(options.readings ?? machineReadings),
    wall: () => ({ ms: Date.now(), state: currentState() }),
    after: (delayMs, callback) => startTimer(performance.now() + delayMs, callback),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    rest: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
}

/** Three clocks of one moment, in milliseconds. */
export interface Readings {
  readonly monotonicMs: number;
  /** How long the machine is on, its sleep included. */
  readonly onMs: number;
  readonly wallMs: number;
}

const machineReadings = (): Readings => ({ monotonicMs: performance.now(), onMs: uptime() * 1_000, wallMs: Date.now() });

/** Less than this between two looks is how a wall clock differs anyway: it is led back to the right time by so much. */
const setMsMin = 500;
/** Some systems tell in whole seconds how long they are on. What adds up to more than that was slept. */
const wholeMs = 1_000;
const sleptMsMin = wholeMs + 500;

/**
 * Monotonic time stands still while a machine sleeps. How long it is on does not; in a virtual machine that was stopped both do, and only the wall clock is set forwards afterwards: by who
 * runs it, or a time service. Between two looks the larger of both counts. Time is never taken back; where seconds are whole it is a second ahead rather than behind, since leases are measured by it.
 */
function createElapsed(read: () => Readings): () => number {
  let last = read();
  /** Since when nothing was slept that is not counted. */
  let settled = last;
  let sleptMs = 0;
  return () => {
    const now = read();
    const byWallMs = now.wallMs - last.wallMs - (now.monotonicMs - last.monotonicMs);
    const byUptimeMs = now.onMs - settled.onMs - (now.monotonicMs - settled.monotonicMs);
    const hasSlept = byUptimeMs > sleptMsMin;
    last = now;
    if (hasSlept || byWallMs > setMsMin) {
      sleptMs += Math.max(byWallMs, hasSlept ? byUptimeMs + (isWhole(now) && isWhole(settled) ? wholeMs : 0) : 0);
      settled = now;
    }
    return now.monotonicMs + sleptMs;
  };
}

const isWhole = ({ onMs }: Readings): boolean => onMs % wholeMs === 0;

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
