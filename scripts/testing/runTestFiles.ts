/** Shares test files out to processes: units in two, `*.process.test.ts` in one each, and again what a culprit kept from running. */
import { runBatch, type BatchOptions } from "./batch.ts";
import { printSeconds } from "./command.ts";
import type { TestResult } from "./events.ts";

export interface RunOptions extends Pick<BatchOptions, "root" | "fileTimeoutMs" | "exitTimeoutMs"> {
  say(line: string): void;
}

const processesAtOnce = 2;

export async function runTestFiles(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const alone = files.filter((file) => file.endsWith(".process.test.ts"));
  const units = files.filter((file) => !alone.includes(file));
  return [
    ...(await timed(`unit tests: ${units.length} files in ${processesAtOnce} processes`, options, () => runHalves(units, options))),
    ...(await timed(`process tests: ${alone.length} files, ${processesAtOnce} at a time`, options, () => runAlone(alone, options))),
  ];
}

async function timed(name: string, options: RunOptions, run: () => Promise<readonly TestResult[]>): Promise<readonly TestResult[]> {
  const startMs = performance.now();
  const results = await run();
  options.say(`${name} (${printSeconds(performance.now() - startMs)})`);
  return results;
}

/** The simulator's tests take about as long as all others together, and neither waits for anything but the processor. */
async function runHalves(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const isSimulator = (file: string): boolean => file.startsWith("sim/");
  const halves = [files.filter(isSimulator), files.filter((file) => !isSimulator(file))];
  return (await Promise.all(halves.map((half) => runUnits(half, options)))).flat();
}

/** Each round either runs all that is left or loses at least the file that broke it, so it ends. */
async function runUnits(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  let left = files;
  while (left.length > 0) {
    const batch = await runAndSay(left, options);
    results.push(...batch.results);
    // All fail to load together: then each by itself, to find the one.
    if (batch.notRun.length === left.length) return [...results, ...(await runAlone(left, options))];
    left = batch.notRun;
  }
  return results;
}

async function runAlone(files: readonly string[], options: RunOptions): Promise<readonly TestResult[]> {
  const waiting = [...files];
  const results: TestResult[] = [];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) results.push(...(await runAndSay([file], options)).results);
  };
  await Promise.all(Array.from({ length: processesAtOnce }, worker));
  return results;
}

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
