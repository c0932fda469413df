/** The `holon` command. */
import { isOfNode } from "./machine/given-cache.ts"; // before all others: it leaves behind what would run in their place
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { watchEnding } from "./ending.ts";
import { takeStart } from "./machine/lean.ts";
import { leaveOutLanguages } from "./machine/one-language.ts";
import { guardTerminal } from "./terminal.ts";

// Commands start in half the time when types were stripped and modules compiled before. Where the folder cannot be written it is as without. What starts or measures a node
// reads the files that are measured, and not what was made of them: whoever writes there would be believed.
if (!isOfNode) enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/holon"));
leaveOutLanguages();
guardTerminal();
const ending = watchEnding(process.argv.includes("--json"));

const start = takeStart();
if (start === undefined) await runCommand();
else await (await import("./machine/run-node.ts")).runNodeAsTold(start, ending.hold()).then(() => ending.settle(), ending.settle);

async function runCommand(): Promise<void> {
  const { CommanderError } = await import("commander");
  const { argumentError, createProgram } = await import("./program.ts");
  const program = createProgram(() => ending.hold());
  try {
    await program.parseAsync();
    ending.settle();
  } catch (error) {
    const isShown = error instanceof CommanderError && error.exitCode === 0; // what was asked for: help, the version
    ending.settle(isShown ? undefined : error instanceof CommanderError ? argumentError(program, process.argv.slice(2), error) : error);
  }
}
