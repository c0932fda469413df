/**
 * What ends a command from outside: a signal, or an output that takes no more.
 *
 *     not held ─▶ a signal ends the process as it always does; an output that fails ends it at once, since there is nothing to close
 *     held ─────▶ the abort signal tells the command, which closes what it has open and returns or throws the reason
 *
 * A reader that has enough (`| head -1`) is no failure: the command ends quietly with exit code 0. Any other failure of the output is
 * said with its code. Installed before anything is started, so that no moment is without an answer.
 */
import { constants } from "node:os";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { sayError } from "./fail.ts";

/** Why a held command ends before it is done. */
export class Ended extends HolonError {
  readonly exitCode: number;
  /** Nobody is there to be told. */
  readonly isQuiet: boolean;

  constructor(error: HolonError, exitCode: number, isQuiet = false) {
    super(error.code, error.message, { next: error.next, cause: error.cause });
    this.exitCode = exitCode;
    this.isQuiet = isQuiet;
  }
}

export interface Ending {
  /** From now on signals and failures of the output abort this with an `Ended`. A second signal ends the process as it always does. */
  hold(): AbortSignal;
  /** The command is done, or has failed: says why and sets the exit code. */
  settle(error?: unknown): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function watchEnding(wantsJson: boolean): Ending {
  const stop = new AbortController();
  let isHeld = false;
  let isSettled = false;

  function say(error: unknown): void {
    if (!(error instanceof Ended && error.isQuiet)) sayError(error, wantsJson);
    process.exitCode = error instanceof Ended ? error.exitCode : 1;
  }

  function outputFailed(cause: Error): void {
    if (stop.signal.aborted) return;
    const isClosed = "code" in cause && cause.code === "EPIPE";
    const reason = new Ended(new HolonError("HOLON_OUTPUT_FAILED", `stdout cannot be written: ${cause.message}`, { cause }), isClosed ? 0 : 1, isClosed);
    stop.abort(reason);
    if (isHeld && !isSettled) return;
    say(reason);
    process.exit();
  }

  process.stdout.on("error", outputFailed);
  process.stderr.on("error", () => undefined); // what is said on stderr is talk: the work goes on without a listener

  return {
    hold() {
      if (isHeld) return stop.signal;
      isHeld = true;
      for (const name of signals) {
        process.once(name, () => stop.abort(new Ended(new HolonError("HOLON_INTERRUPTED", `${name} ended the command before it was done`), 128 + constants.signals[name])));
      }
      return stop.signal;
    },
    settle(error) {
      isSettled = true;
      const reason: unknown = stop.signal.reason;
      if (error !== undefined) say(error);
      else if (reason instanceof Ended && reason.code === "HOLON_OUTPUT_FAILED") say(reason);
    },
  };
}

/** Resolves when the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Throws the reason where the command was told to end. */
export function throwIfEnded(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw toHolonError(signal.reason);
}

/** What the work gives, unless the command is told to end before. */
export const unlessEnded = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => Promise.race([work, aborted(signal).then(() => Promise.reject<T>(toHolonError(signal.reason)))]);
