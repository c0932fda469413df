/**
 * Draws fleets and work by chance, one after the other, plans them, loses a node, has another fall silent, and counts anew whether residency, room, trust and spread hold.
 *
 *     node scripts/placement.ts --cases 100000 --state FILE --seconds 150     goes on from where FILE says it was, and keeps it there
 *
 * Fails, with the seed, where a plan breaks a bound.
 */
import { createHash } from "node:crypto";
import { readCases, wholeNumber, writeCases } from "./testing/case-file.ts";
import { flagsOf } from "./testing/flags.ts";
import { planAll, replanWithout, type Planned, type PlanInputs } from "@holon/core/placement/planner.ts";
import { caseInstance } from "@holon/core/placement/testing/case.ts";
import { brokenBy } from "@holon/core/placement/testing/hold.ts";

interface State {
  readonly nextSeed: number;
  readonly cases: number;
  readonly plans: number;
  readonly placements: number;
  readonly unplaced: number;
  readonly violations: readonly string[];
  readonly processorMs: number;
}

const saveEach = 200;
const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };

const flags = { cases: "1000", seed: "1", ...flagsOf("node scripts/placement.ts [--cases 1000] [--seed 1] [--seconds S] [--state FILE]", ["cases", "seed", "seconds", "state"]) };
const { state: path, seconds } = flags;
const endMs = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1_000 * wholeNumber("seconds", seconds);
const cases = wholeNumber("cases", flags.cases);
let state = readCases<State>(path, { nextSeed: wholeNumber("seed", flags.seed), cases: 0, plans: 0, placements: 0, unplaced: 0, violations: [], processorMs: 0 });
while (state.cases < cases && performance.now() < endMs) {
  const before = process.cpuUsage();
  const plans = plansOf(state.nextSeed);
  const { user, system } = process.cpuUsage(before);
  const broken = plans.flatMap(({ inputs, plan }) => brokenBy(inputs, plan)).map((what) => `seed ${state.nextSeed}: ${what}`);
  const sum = (of: (planned: Planned) => number): number => plans.reduce((total, planned) => total + of(planned), 0);
  state = {
    nextSeed: state.nextSeed + 1,
    cases: state.cases + 1,
    plans: state.plans + plans.length,
    placements: state.placements + sum(({ plan }) => plan.placements.length),
    unplaced: state.unplaced + sum(({ plan }) => plan.unplaced.length),
    violations: [...state.violations, ...broken],
    processorMs: state.processorMs + (user + system) / 1_000,
  };
  if (state.cases % saveEach === 0) writeCases(path, state);
}
writeCases(path, state);
process.stdout.write(`${JSON.stringify(state)}\n`);
process.exitCode = state.violations.length === 0 ? 0 : 1;

/** From nothing; with a node lost; with another silent, which keeps what goes on by itself. */
function plansOf(seed: number): readonly Planned[] {
  const { policy, ...rest } = caseInstance(seed);
  const first = planAll({ ...rest, policy: { ...policy, stepsMax: 5_000 } }, tools);
  const lost = first.plan.placements[0]?.node;
  if (lost === undefined) return [first];
  const second = replanWithout(first, [lost], tools);
  const quiet = second.plan.placements[0]?.node;
  if (quiet === undefined) return [first, second];
  const inputs: PlanInputs = { ...second.inputs, previous: second.plan, scope: "touched", inventory: { ...second.inputs.inventory, nodes: second.inputs.inventory.nodes.map((node) => (node.name === quiet ? { ...node, state: "silent" } : node)) } };
  return [first, second, planAll(inputs, tools)];
}
