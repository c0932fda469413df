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

export async function runPlant({ edits, seen }: Plant): Promise<Seen> {
  const told = "scenario" in seen ? await run([here("live.ts"), seen.scenario, ...seen.seeds.map(String)], edits) : await run(["--test", "--test-isolation=none", "--test-reporter=tap", "--test-timeout=30000", `--test-name-pattern=${patternOf(seen.title)}`, seen.test], edits);
  if ("scenario" in seen) return { isSeen: seen.says.test(told), said: told.slice(0, 2_000) };
  const isSeen = told.split("\n").some((line) => /^\s*not ok /.test(line) && line.includes(seen.title));
  return { isSeen, said: told.slice(0, 2_000) };
}

const patternOf = (title: string): string => title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What it printed, however it ended. */
function run(args: readonly string[], edits: Plant["edits"]): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, [`--import=${here("hook.ts")}`, ...args], { cwd: root, env: { ...env, [plantVariable]: JSON.stringify(edits), HOLON_TURNS: "all" }, timeout: 120_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve(`${stdout}${error === null ? "" : `\n${error.message}\n${stderr}`}`));
  });
}
