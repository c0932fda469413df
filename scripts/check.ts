/**
 * `npm run check`: types, lint, arrows, bans, texts, links and dependencies.
 *
 * Says what it ran, then every finding; the exit code is 1 if there is one. `--unused` runs the search for unused code alone.
 */
import { parseArgs } from "node:util";
import { isOfProgram } from "@holon/platform/measurer/program.ts";
import { checkArrows } from "./check/arrows.ts";
import { checkBans } from "./check/bans.ts";
import { checkDependencies, declaredBy } from "./check/dependencies.ts";
import { listPaths, readTexts } from "./check/files.ts";
import { printFinding, type Finding, type TextFile } from "./check/finding.ts";
import { checkLinks } from "./check/links.ts";
import { checkMeasured } from "./check/measured.ts";
import { checkTexts } from "./check/texts.ts";
import type { workspaceNames } from "./check/workspaces.ts";
import { installed, printSeconds, runCommand } from "./testing/command.ts";

interface Step {
  readonly name: string;
  /** One line a finding; empty if all is well. */
  run(): Promise<readonly string[]>;
}

const toolTimeoutMs = 480_000;
const { values: flags } = parseArgs({ options: { unused: { type: "boolean" } } });
const paths = listPaths();
const files = readTexts(paths);
const unused: Step = { name: "unused files, exports and dependencies (knip)", run: () => tool("knip", ["--no-progress", "--no-config-hints"]) };

const steps: readonly Step[] = flags.unused
  ? [unused]
  : [
      ...typeSteps(),
      { name: "lint (oxlint)", run: () => tool("oxlint", ["--format", "unix"]) },
      ownStep("arrows between workspaces, packages they may import", () => checkArrows(files, declared(files))),
      ownStep("bans: clock, chance, machine, casts, suppressions", () => checkBans(files)),
      ownStep("texts: machine paths, long files, unfinished work", () => checkTexts(files)),
      ownStep("what the program loads is what a node measures of itself", () => checkMeasured(files, isOfProgram)),
      ownStep("links of the documentation", () => checkLinks(files, paths)),
      ownStep("a reason for each dependency", () => checkDependencies(page("DEPENDENCIES.md"), manifests(files))),
    ];

const findings = await runSteps(steps, 2);
console.log(findings === 0 ? `check: ${steps.length} steps, nothing found` : `check: ${steps.length} steps, ${findings} found`);
process.exitCode = findings === 0 ? 0 : 1;

/** Runs the steps, `atOnce` at a time, and says how each went. Returns the number of findings. */
async function runSteps(queue: readonly Step[], atOnce: number): Promise<number> {
  const waiting = [...queue];
  let total = 0;
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const startMs = performance.now();
      const found = await step.run();
      total += found.length;
      const outcome = found.length === 0 ? "ok  " : `${String(found.length).padEnd(3)} `;
      console.log([`${outcome} ${step.name} (${printSeconds(performance.now() - startMs)})`, ...found.map((finding) => finding.replace(/^/gm, "     "))].join("\n"));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return total;
}

/** Those whose types must not know a machine's get a pass of their own; all others are read in one. */
function typeSteps(): readonly Step[] {
  const types = (project: string, name: string): Step => ({ name: `types of ${name}`, run: () => tool("tsc", ["-p", project, "--pretty", "false"]) });
  const ofTheirOwn = ["core", "node", "control", "sdk"] as const satisfies readonly (typeof workspaceNames)[number][];
  return [...ofTheirOwn.map((name) => types(name, name)), types("console", "console, as a browser knows them"), types(".", "all others, scripts, examples and tests")];
}

function ownStep(name: string, check: () => readonly Finding[]): Step {
  return { name, run: () => Promise.resolve(check().map(printFinding)) };
}

/** A tool that fails without a word is a finding too. */
async function tool(name: string, args: readonly string[]): Promise<readonly string[]> {
  const result = await runCommand(installed(name), args, { timeoutMs: toolTimeoutMs });
  if (result.exitCode === 0) return [];
  const lines = result.output.split("\n").filter((line) => line.trim() !== "" && !/^\d+ problems?$/.test(line));
  // An indented line continues the finding above it.
  const whole = lines.join("\n").split(/\n(?=\S)/);
  return lines.length > 0 ? whole : [`${name} ended with exit code ${result.exitCode ?? "none"} and said nothing`];
}

function manifests(all: readonly TextFile[]): readonly TextFile[] {
  return all.filter(({ path }) => /(?:^|\/)package\.json$/.test(path));
}

function declared(all: readonly TextFile[]): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(manifests(all).map((manifest) => [manifest.path.replace(/\/?package\.json$/, ""), declaredBy(manifest)]));
}

/** A page that is not there is an empty one, so that all it lacks is found. */
function page(path: string): TextFile {
  return files.find((file) => file.path === path) ?? { path, text: "" };
}
