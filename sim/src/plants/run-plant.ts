/** Runs a planted bug in a process of its own and says what was seen of it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { plantVariable, type Plant } from "./plant.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Seen {
  readonly isSeen: boolean;
  /** What was said instead. */
  readonly said: string;
}

/** What `live.ts` prints. */
export interface Lived {
  /** The last seed that was lived through. */
  readonly seed: number;
  readonly violations: readonly string[];
}

export async function runPlant({ edits, seen }: Plant): Promise<Seen> {
  return "scenario" in seen ? seenByCheckers(edits, seen) : seenByTest(edits, seen);
}

/** The checkers say of the planted program what the table expects, and of the sound one, in the same seed, nothing. */
async function seenByCheckers(edits: Plant["edits"], { scenario, seeds, says }: Extract<Plant["seen"], { readonly scenario: string }>): Promise<Seen> {
  const live = async (of: readonly number[], planted: Plant["edits"]): Promise<Lived> => {
    const { stdout, failed } = await run([here("live.ts"), scenario, ...of.map(String)], planted);
    return failed === undefined ? (JSON.parse(stdout) as Lived) : { seed: of[0] ?? 0, violations: [`the run itself failed: ${failed}`] };
  };
  const sick = await live(seeds, edits);
  const isSaid = sick.violations.some((violation) => says.test(violation) && !violation.startsWith("the run itself failed"));
  if (!isSaid) return { isSeen: false, said: sick.violations.join("\n").slice(0, 2_000) };
  const sound = await live([sick.seed], []);
  return { isSeen: sound.violations.length === 0, said: `of the sound program, seed ${sick.seed}: ${sound.violations.join("\n").slice(0, 2_000)}` };
}

async function seenByTest(edits: Plant["edits"], { test, title }: Extract<Plant["seen"], { readonly test: string }>): Promise<Seen> {
  const { stdout, failed } = await run(["--test", "--test-isolation=none", "--test-reporter=tap", "--test-timeout=30000", `--test-name-pattern=${patternOf(title)}`, test], edits);
  const isSeen = stdout.split("\n").some((line) => /^\s*not ok /.test(line) && line.includes(title));
  return { isSeen, said: `${stdout}${failed ?? ""}`.slice(0, 2_000) };
}

const patternOf = (title: string): string => title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

interface Ran {
  readonly stdout: string;
  /** Why it did not end with 0; undefined: it did. */
  readonly failed: string | undefined;
}

function run(args: readonly string[], edits: Plant["edits"]): Promise<Ran> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const planted = edits.length === 0 ? {} : { [plantVariable]: JSON.stringify(edits) };
  return new Promise((resolve) => {
    execFile(process.execPath, [`--import=${here("hook.ts")}`, ...args], { cwd: root, env: { ...env, ...planted, HOLON_TURNS: "all" }, timeout: 120_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve({ stdout, failed: error === null ? undefined : `${error.message}\n${stderr}` }));
  });
}
