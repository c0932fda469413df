/** `npm run bench -- [SUITE…] [--json]`: figures of this machine and ratios to the limit measured in the same run. */
import { join } from "node:path";
import { toHolonError } from "@holon/core/errors.ts";
import { parseArguments, usage, type BenchArguments } from "./arguments.ts";
import { describeMachine } from "./machine.ts";
import { withScratchFolder } from "./scratch.ts";
import { round } from "./statistics.ts";
import { suites } from "./suites.ts";
import { printTable, type BenchResult } from "./table.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(asked: BenchArguments): Promise<BenchResult> {
  return withScratchFolder(asked.data, async (root) => {
    const machine = await describeMachine(root);
    const figures: Record<string, number> = {};
    const ratios: Record<string, number> = {};
    for (const name of asked.suites) {
      const suite = suites.get(name);
      if (suite === undefined) continue;
      say(`${name}: ${suite.measures}`);
      const result = await suite.run({ seconds: asked.seconds, ...(asked.nodes === undefined ? {} : { nodes: asked.nodes }), ...(asked.minutes === undefined ? {} : { minutes: asked.minutes }), ...(asked.gigabytes === undefined ? {} : { gigabytes: asked.gigabytes }), folder: join(root, name), say: (line) => say(`  ${line}`) });
      for (const [figure, value] of Object.entries(result.figures)) figures[figure] = round(value);
      for (const [ratio, value] of Object.entries(result.ratios)) ratios[ratio] = round(value);
    }
    return { machine, figures, ratios };
  });
}

try {
  const asked = parseArguments(process.argv.slice(2));
  if (asked.help) process.stdout.write(`${usage()}\n`);
  else {
    const result = await bench(asked);
    process.stdout.write(`${asked.json ? JSON.stringify(result) : printTable(result)}\n`);
  }
} catch (error) {
  const { code, message, next } = toHolonError(error);
  say(`${code}: ${message}\n  next: ${next}`);
  process.exitCode = 1;
}
