/** Lives through seeds of a scenario in this process, whose code is planted, and prints what the checkers say as one line of JSON. */
import { holonProgram } from "../program.ts";
import { requireScenario } from "../run.ts";
import { runSeed } from "../scenario.ts";

const [name = "", ...seeds] = process.argv.slice(2);
const program = await holonProgram();
const violations: string[] = [];
for (const seed of seeds) {
  // Healthy programs converge within seconds; the sick ones need not be watched for long.
  violations.push(...(await runSeed({ ...requireScenario(name), convergeMsMax: 60_000 }, program, Number(seed))).violations);
  if (violations.length > 0) break;
}
process.stdout.write(`${JSON.stringify(violations)}\n`);
