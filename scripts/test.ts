/**
 * `npm test`: brings the servers that tests need, checks, then runs every test of the house. The last line is
 * `N passed, N failed, N skipped`. `npm test -- --only PATTERN` runs only the test files whose path contains PATTERN.
 *
 * Unit tests share four processes; files named `*.process.test.ts` start processes or end them, and get one each.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { listPaths, repositoryRoot } from "./check/files.ts";
import { setUp } from "./setup.ts";
import { stopBatches } from "./testing/batch.ts";
import { installed, printSeconds, runCommand } from "./testing/command.ts";
import type { TestResult } from "./testing/events.ts";
import { runTestFiles } from "./testing/runTestFiles.ts";
import { filesInTurn, notItsTurn } from "./testing/turns.ts";

// Some two hundred processes are started: each finds its types stripped and its modules compiled by those before it.
process.env["NODE_COMPILE_CACHE"] ??= join(repositoryRoot, "node_modules/.cache/tests");

// Seeds, recordings and damage of which a share is run: others with each commit.
process.env["HOLON_SIM_ROTATION"] ??= await commitCount();
console.log(`HOLON_SIM_ROTATION=${process.env["HOLON_SIM_ROTATION"]} chooses what is run of what takes turns`);

/** Beside the tests it takes two to three minutes of a machine of two cores: a bound for what hangs, not for what is slow. */
const checkTimeoutMs = 1_200_000;
/** Bounds for what hangs as well: a machine that is busy with others takes several times as long, and to end a process with hundreds of modules it took over 10 s. */
const bounds = { fileTimeoutMs: 480_000, exitTimeoutMs: 60_000 };
const startMs = performance.now();
for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.once(signal, () => {
    stopBatches();
    process.exit(exitCode);
  });
}

const { values: flags } = parseArgs({ options: { only: { type: "string" } } });
const files = listPaths().filter((path) => path.endsWith(".test.ts") && path.includes(flags.only ?? ""));
const isWhole = flags.only === undefined;
const isSetUp = isWhole ? await install() : true;
const checking = isWhole ? check() : Promise.resolve(true); // beside the tests: neither needs the other
const { now, later } = isWhole ? filesInTurn(files) : { now: files, later: [] };
const results = await runTestFiles(now, { root: repositoryRoot, ...bounds, say: (line) => console.log(line) });
const waiting = later.map((file): TestResult => ({ file, name: "all of it", outcome: "skipped", reason: notItsTurn }));
finish([...results, ...waiting], isSetUp && (await checking));

/** 0 where this is no clone. */
async function commitCount(): Promise<string> {
  const { exitCode, output } = await runCommand("git", ["rev-list", "--count", "HEAD"], { timeoutMs: 10_000 });
  return exitCode === 0 && /^\d+$/.test(output) ? output : "0";
}

/** Tests run whatever they find, so that one run tells all. */
async function install(): Promise<boolean> {
  const setUpMs = performance.now();
  const { said, failed } = await setUp();
  for (const line of said) console.log(`setup: ${line}`);
  console.log(`setup took ${printSeconds(performance.now() - setUpMs)}`);
  return !failed;
}

async function check(): Promise<boolean> {
  const { output, durationMs, exitCode } = await runCommand(installed("node"), ["scripts/check.ts"], { timeoutMs: checkTimeoutMs });
  console.log(`${output}\ncheck took ${printSeconds(durationMs)}`);
  return exitCode === 0;
}

function finish(all: readonly TestResult[], ready: boolean): void {
  const of = (outcome: TestResult["outcome"]): readonly TestResult[] => all.filter((result) => result.outcome === outcome);
  for (const { file, name, reason } of of("failed")) console.log(`\nfailed   ${file}: ${name}\n${reason.replace(/^/gm, "    ")}`);
  console.log("");
  for (const { file, name, reason } of of("skipped")) console.log(`skipped  ${file}: ${name}: ${reason}`);
  if (files.length === 0) console.log(`no test file has ${JSON.stringify(flags.only)} in its path`);
  if (!ready) console.log("set-up or check failed, see above");
  console.log(`all of it took ${printSeconds(performance.now() - startMs)}`);
  console.log(`${of("passed").length} passed, ${of("failed").length} failed, ${of("skipped").length} skipped`);
  process.exitCode = ready && files.length > 0 && of("failed").length === 0 ? 0 : 1;
}
