/**
 * Follows one test process: which file runs, which are over, who is overdue, and what is left when the process is gone.
 *
 * A file is over when the results of a later one arrive. After a kill or a crash the file that was running takes the blame;
 * every other file that was not over loses its results and is handed back, so that no result is counted in part or twice.
 */
import type { BatchOptions, BatchResult } from "./batch.ts";
import type { RunnerEvent, TestResult } from "./events.ts";

export interface Watch {
  take(event: RunnerEvent): void;
  /** Why the process has to be ended, if it has to. */
  overdue(): string | undefined;
  /** `killedFor` is what `overdue` said; `exit` tells how the process ended, for example `exit code 0`. */
  end(killedFor: string | undefined, exit: string): Omit<BatchResult, "output">;
}

type WatchOptions = Pick<BatchOptions, "fileTimeoutMs" | "exitTimeoutMs" | "fileEnded">;

export function createWatch(files: readonly string[], options: WatchOptions, nowMs = (): number => performance.now()): Watch {
  const results: TestResult[] = [];
  const startMs = new Map<string, number>();
  const over = new Set<string>();
  let reported: string | undefined;
  let running: { readonly file: string; readonly test: string } | undefined;
  let idle: { readonly sinceMs: number; readonly resources: readonly string[] } | undefined;
  let finishedMs: number | undefined;
  let lastMs = nowMs();

  const resultsOf = (file: string): readonly TestResult[] => results.filter((result) => result.file === file);
  const endFile = (file: string | undefined): void => {
    if (file === undefined || over.has(file)) return;
    over.add(file);
    const begins = [...startMs];
    const at = begins.findIndex(([name]) => name === file);
    const fromMs = begins[at]?.[1] ?? lastMs;
    options.fileEnded(file, resultsOf(file), (begins[at + 1]?.[1] ?? nowMs()) - fromMs);
  };
  const fail = (file: string, name: string, reason: string): void => {
    results.push({ file, name, outcome: "failed", reason });
  };

  const blame = (file: string, name: string, reason: string): void => {
    fail(file, name, reason);
    endFile(file);
  };

  return {
    take(event) {
      lastMs = nowMs();
      if (event.kind === "idle") {
        idle = { sinceMs: idle?.sinceMs ?? lastMs, resources: event.resources };
        return;
      }
      idle = undefined;
      if (event.kind === "began") {
        running = { file: event.file, test: event.name };
        if (!startMs.has(event.file)) startMs.set(event.file, lastMs);
      } else if (event.kind === "result") {
        if (event.result.file !== reported) endFile(reported);
        reported = event.result.file;
        results.push(event.result);
      } else {
        finishedMs = lastMs;
        endFile(reported);
      }
    },

    overdue() {
      const seen = new Set([...startMs.keys(), ...results.map((result) => result.file)]);
      if (idle !== undefined && seen.size === files.length && nowMs() - idle.sinceMs > options.exitTimeoutMs) {
        return `did not end after its last test; still open: ${idle.resources.join(", ") || "nothing that Node names"}`;
      }
      if (finishedMs !== undefined) return nowMs() - finishedMs > options.exitTimeoutMs ? "did not end after its last test, though nothing ran and nothing was told to be open" : undefined;
      const sinceMs = running === undefined ? lastMs : startMs.get(running.file);
      return nowMs() - (sinceMs ?? lastMs) > options.fileTimeoutMs ? `killed after ${options.fileTimeoutMs / 1000} s` : undefined;
    },

    end(killedFor, exit) {
      const reason = killedFor ?? `the test process ended with ${exit}`;
      if (finishedMs !== undefined) {
        const hasFailed = results.some((result) => result.outcome === "failed");
        const isExpected = exit === "exit code 0" || (hasFailed && exit === "exit code 1");
        if (killedFor !== undefined || !isExpected) fail(files.at(-1) ?? "", "after the last test", reason);
        return { results, notRun: [] };
      }
      if (running === undefined) {
        if (files.length === 1) blame(files[0] ?? "", "while it was loaded", reason);
      } else if (idle === undefined) {
        blame(running.file, running.test, `${reason}; the rest of the file did not run`);
      } else {
        blame(running.file, "after the last test", files.length === 1 ? reason : `${reason} (left by this file or one before it)`);
      }
      const notRun = files.filter((file) => !over.has(file));
      return { results: results.filter((result) => !notRun.includes(result.file)), notRun };
    },
  };
}
