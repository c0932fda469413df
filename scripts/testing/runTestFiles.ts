/** Shares test files out to processes: units in four, `*.process.test.ts` in one each, and again what a culprit kept from running. */
import { runBatch, type BatchOptions } from "./batch.ts";
import { printSeconds } from "./command.ts";
import type { TestResult } from "./events.ts";

export interface RunOptions extends Pick<BatchOptions, "root" | "fileTimeoutMs" | "exitTimeoutMs"> {
  say(line: string): void;
}

/** More than the cores of a small machine: processes under test wait for each other, and for time to pass, much of the time. */
const lanes = 4;

/** Begun first, so that no lane is left alone with one of them at the end. */
const isLong = /\/(?:bad-input|damaged-log|disk|kill|kill-cut|nouns|once|site)\.process/;

export async function runTestFiles(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const startMs = performance.now();
  const alone = files.filter((file) => file.endsWith(".process.test.ts")).sort((one, other) => Number(isLong.test(other)) - Number(isLong.test(one)));
  const units = files.filter((file) => !alone.includes(file));
  // Of about the same length each; the simulator's tests of what whole fleets do are one of them.
  const shareOf = (file: string): number => [/^sim\/src\/(?!scenarios)/, /^sim\//, /^(?:node|core)\//].findIndex((pattern) => pattern.test(file));
  const shares = [...Map.groupBy(units, shareOf).values()];
  const results = await inLanes([...shares.map((share) => () => runUnits(share, options)), ...alone.map((file) => () => runOne(file, options))]);
  options.say(`${units.length} files of unit tests in ${shares.length} processes, ${alone.length} files in one each, ${lanes} processes at a time (${printSeconds(performance.now() - startMs)})`);
  return results;
}

async function inLanes(jobs: readonly (() => Promise<readonly TestResult[]>)[]): Promise<readonly TestResult[]> {
  const waiting = [...jobs];
  const results: TestResult[] = [];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) results.push(...(await job()));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Each round either runs all that is left or loses at least the file that broke it, so it ends. */
async function runUnits(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  let left = files;
  while (left.length > 0) {
    const batch = await runAndSay(left, options);
    results.push(...batch.results);
    // All fail to load together: then each by itself, to find the one.
    if (batch.notRun.length === left.length) return [...results, ...(await inLanes(left.map((file) => () => runOne(file, options))))];
    left = batch.notRun;
  }
  return results;
}

const runOne = async (file: string, options: RunOptions): Promise<readonly TestResult[]> => (await runAndSay([file], options)).results;

async function runAndSay(files: readonly string[], options: RunOptions): ReturnType<typeof runBatch> {
  const batch = await runBatch(files, {
    ...options,
    fileEnded: (file, results, durationMs) => {
      const failed = results.filter((result) => result.outcome === "failed").length;
      const count = failed === 0 ? `${results.length}` : `${failed} of ${results.length} failed`;
      options.say(`${failed === 0 ? "ok  " : "FAIL"} ${file}: ${count} (${printSeconds(durationMs)})`);
    },
  });
  if (batch.output.trim() !== "" && batch.results.some((result) => result.outcome === "failed")) {
    options.say(`what the tests wrote:\n${batch.output.trimEnd().replace(/^/gm, "  | ")}`);
  }
  return batch;
}
