/** Lives through seeds of a scenario in this process, whose code may be planted, until the checkers say something, and prints that as one line of JSON. */
import { holonProgram } from "../programs/program.ts";
import { requireScenario } from "../run.ts";
import { runSeed } from "../scenario.ts";
import type { Lived } from "./run-plant.ts";

const [name = "", ...seeds] = process.argv.slice(2);
const program = await holonProgram();
let lived: Lived = { seed: 0, violations: [] };
for (const seed of seeds.map(Number)) {
  lived = { seed, violations: (await runSeed(requireScenario(name), program, seed)).violations };
  if (lived.violations.length > 0) break;
}
process.stdout.write(`${JSON.stringify(lived)}\n`);
