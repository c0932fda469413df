/**
 * Draws cases of `sim/src/residency.ts` one after the other: a tree, a policy, a node with data, and every transform.
 *
 *     node scripts/residency.ts --cases 100000 --state FILE     goes on from where FILE says it was, and keeps it there
 *
 * Fails, with the seed, where a marker crosses a border that the rules close to it.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { policiesEach, runResidency } from "@holon/sim/residency.ts";
import { z } from "zod";

const stateSchema = z.strictObject({ nextSeed: z.int(), cases: z.int(), crossed: z.int(), violations: z.array(z.string()), processorMs: z.number() });
type State = z.infer<typeof stateSchema>;

const saveEach = 10;

const { values: flags } = parseArgs({ options: { cases: { type: "string", default: "1000" }, state: { type: "string" }, seed: { type: "string", default: "1" } } });
const { state: path } = flags;
let state: State = path !== undefined && existsSync(path) ? stateSchema.parse(JSON.parse(readFileSync(path, "utf8"))) : { nextSeed: Number(flags.seed), cases: 0, crossed: 0, violations: [], processorMs: 0 };
for (let trees = 1; state.cases < Number(flags.cases); trees++) {
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
  if (trees % saveEach === 0 || state.cases >= Number(flags.cases)) save(state);
}
process.stdout.write(`${JSON.stringify(state)}\n`);
process.exitCode = state.violations.length === 0 ? 0 : 1;

/** All of it or nothing: whoever is killed in the midst goes on from what was there. */
function save(now: State): void {
  if (path === undefined) return;
  writeFileSync(`${path}.new`, JSON.stringify(now));
  renameSync(`${path}.new`, path);
}
