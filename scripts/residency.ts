/**
 * Draws cases of `sim/src/residency.ts` one after the other: a tree, a policy, a node with data, and every transform.
 *
 *     node scripts/residency.ts --cases 100000 --state FILE     goes on from where FILE says it was, and keeps it there
 *
 * Fails, with the seed, where a marker crosses a border that the rules close to it.
 */
import { readCases, wholeNumber, writeCases } from "./testing/case-file.ts";
import { flagsOf } from "./testing/flags.ts";
import { policiesEach, runResidency } from "@holon/sim/residency.ts";

interface State {
  readonly nextSeed: number;
  readonly cases: number;
  readonly crossed: number;
  readonly violations: readonly string[];
  readonly processorMs: number;
}

const saveEach = 10;

const flags = { cases: "1000", seed: "1", ...flagsOf("node scripts/residency.ts [--cases 1000] [--seed 1] [--state FILE]", ["cases", "seed", "state"]) };
const { state: path } = flags;
const cases = wholeNumber("cases", flags.cases);
let state = readCases<State>(path, { nextSeed: wholeNumber("seed", flags.seed), cases: 0, crossed: 0, violations: [], processorMs: 0 });
for (let trees = 1; state.cases < cases; trees++) {
  const before = process.cpuUsage();
  const { seed, crossed, violations } = await runResidency(state.nextSeed);
  const { user, system } = process.cpuUsage(before);
  state = {
    nextSeed: seed + 1,
    cases: state.cases + policiesEach,
    crossed: state.crossed + crossed,
    violations: [...state.violations, ...violations.map((violation) => `seed ${seed}: ${violation}`)],
    processorMs: state.processorMs + (user + system) / 1_000,
  };
  if (trees % saveEach === 0 || state.cases >= cases) writeCases(path, state);
}
process.stdout.write(`${JSON.stringify(state)}\n`);
process.exitCode = state.violations.length === 0 ? 0 : 1;
