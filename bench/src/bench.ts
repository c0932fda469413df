/** `npm run bench -- [SUITE…] [--json]`: figures of this machine and ratios to the limit measured in the same run. */
import { join } from "node:path";
import { toHolonError } from "@holon/core/errors.ts";
import { judge, missed } from "./aims.ts";
import { parseArguments, usage, type BenchArguments } from "./arguments.ts";
import { describeMachine } from "./machine.ts";
import { withScratchFolder } from "./scratch.ts";
import { round } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";
import { suites } from "./suites.ts";
import { printTable, type BenchResult } from "./table.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(asked: BenchArguments): Promise<BenchResult> {
  return withScratchFolder(asked.data, async (root) => {
    const machine = await describeMachine(root);
    const figures: Record<string, number> = {};
    const ratios: Record<string, number> = {};
    const bounds: Record<string, number> = {};
    for (const name of asked.suites) {
      const suite = suites.get(name);
      if (suite === undefined) continue;
      say(`${name}: ${suite.measures}`);
      const result = await suite.run({ ...given(asked), folder: join(root, name), say: (line) => say(`  ${line}`) });
      for (const [figure, value] of Object.entries(result.figures)) figures[figure] = round(value);
      Object.assign(figures, result.computed);
      for (const [ratio, value] of Object.entries(result.ratios)) ratios[ratio] = round(value);
      Object.assign(bounds, result.aims);
    }
    return { machine, figures, ratios, ...(Object.keys(bounds).length === 0 ? {} : { aims: judge(bounds, ratios) }) };
  });
}

/** What was said of the command line, without what was not. */
function given({ seconds, nodes, machines, units, curve, hours, slack, interruptible, minutes, gigabytes }: BenchArguments): Omit<SuiteContext, "folder" | "say"> {
  return {
    seconds,
    ...(nodes === undefined ? {} : { nodes }),
    ...(machines === undefined ? {} : { machines }),
    ...(units === undefined ? {} : { units }),
    ...(curve === undefined ? {} : { curve }),
    ...(hours === undefined ? {} : { hours }),
    ...(slack === undefined ? {} : { slack }),
    interruptible,
    ...(minutes === undefined ? {} : { minutes }),
    ...(gigabytes === undefined ? {} : { gigabytes }),
  };
}

try {
  const asked = parseArguments(process.argv.slice(2));
  if (asked.help) process.stdout.write(`${usage()}\n`);
  else {
    const result = await bench(asked);
    process.stdout.write(`${asked.json ? JSON.stringify(result) : printTable(result)}\n`);
    const short = missed(result.aims ?? {});
    for (const line of short) say(line);
    if (asked.gate && short.length > 0) process.exitCode = 1;
  }
} catch (error) {
  const { code, message, next } = toHolonError(error);
  say(`${code}: ${message}\n  next: ${next}`);
  process.exitCode = 1;
}
