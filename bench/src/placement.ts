/**
 * Suite `placement`: a plan for a large fleet from nothing, the same with a node lost, and small plans beside the optimum that an exact solver proves. Everything that is
 * timed is timed in turns with a loop of plain arithmetic, which is slow where the machine is.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import highs from "highs";
import { largeInstance, smallInstance } from "@holon/core/placement/by-chance.ts";
import { compileFleet } from "@holon/core/placement/fleet.ts";
import { planAll, replanWithout, type Planned } from "@holon/core/placement/planner.ts";
import { programOf } from "@holon/core/placement/testing/program.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { calibrationLoop } from "./functions.ts";
import { median, percentile, round, sum } from "./statistics.ts";
import type { Suite, SuiteResult } from "./suite.ts";

const sizeDefault = 10_000;
const rounds = 5;
const lostNodes = 25;
const smallInstances = 200;
/** As the node has it. */
const tools = createCrypto();
/** The solver is its module's default; its types say that it is the default of that. */
const loadHighs = "default" in highs ? highs.default : highs;

export const placementSuite: Suite = {
  measures: `a plan for ${sizeDefault} nodes and as many units from nothing, with a node lost, and small plans beside an exact solver's`,
  async run(context): Promise<SuiteResult> {
    const size = context.nodes ?? sizeDefault;
    const instances = size < sizeDefault ? 5 : smallInstances;
    const loopMs = Array.from({ length: 3 }, calibrationLoop);
    const large = measureLarge(loopMs, size);
    const placements = measurePlacements(loopMs, size / 2, size / 10);
    const memory = measureMemory([size / 4, size / 2, size]);
    const optimum = await measureOptimum(instances);
    const planMs = large[`planMs${size / 1000}k`] ?? Number.NaN;
    context.say(`${size} x ${size}: ${round(planMs)} ms; a node lost: ${round(large["replanMs"] ?? 0)} ms (fullest node ${round(large["replanFullestMs"] ?? 0)}); ${round(placements["placementsPerSecond"] ?? 0)} placements a second; over the optimum: mean ${round(optimum.costVsOptimal)}, worst ${round(optimum.worst)}; the calibration loop ${round(median(loopMs))} ms`);
    return {
      figures: { ...large, ...placements, ...memory, optimumInstances: instances, costVsOptimalP95: optimum.p95, costVsOptimalWorst: optimum.worst, placementCalibrationLoopMsP50: median(loopMs) },
      ratios: { costVsOptimal: optimum.costVsOptimal, planVsLoop: planMs / median(loopMs), replanVsLoop: (large["replanMs"] ?? 0) / median(loopMs) },
    };
  },
};

function timed<Value>(samples: number[], work: () => Value): Value {
  const startMs = performance.now();
  const value = work();
  samples.push(performance.now() - startMs);
  return value;
}

/** Each round has documents of its own, so that no hash of them is known yet. */
function measureLarge(loopMs: number[], size: number): Readonly<Record<string, number>> {
  const [planMs, replanMs, fullestMs]: [number[], number[], number[]] = [[], [], []];
  let planned: Planned | undefined;
  for (let turn = 0; turn <= rounds; turn++) {
    const instance = largeInstance(size, size, turn);
    const samples: number[] = [];
    const made = timed(samples, () => planAll(instance, tools));
    loopMs.push(calibrationLoop());
    planned = made;
    if (turn > 0) planMs.push(...samples); // the first one warms up
  }
  if (planned === undefined) throw new RangeError("there is a round");
  const { plan, ledger, fleet } = planned;
  const busy = fleet.nodes.map(({ name }, index) => ({ name, items: ledger.itemsOn[index]?.length ?? 0 })).filter(({ items }) => items > 0).sort((a, b) => b.items - a.items);
  for (let turn = 0; turn < lostNodes; turn++) {
    const lost = busy[Math.floor((turn * busy.length) / lostNodes)];
    const before = planned;
    if (lost === undefined) continue;
    timed(turn === 0 ? fullestMs : replanMs, () => replanWithout(before, [lost.name], tools));
    if (turn % 5 === 0) loopMs.push(calibrationLoop());
  }
  for (let turn = 0; turn < rounds; turn++) timed(fullestMs, () => replanWithout(planned, [busy[0]?.name ?? ""], tools));
  return { [`planMs${size / 1000}k`]: median(planMs), [`planMs${size / 1000}kP90`]: percentile(planMs, 0.9), replanMs: median(replanMs), replanMsP90: percentile(replanMs, 0.9), replanFullestMs: median(fullestMs), replanFullestUnits: busy[0]?.items ?? 0, planUnplaced: plan.unplaced.length };
}

/** The inventory is known, as it is to who plans: 1,000 units on 5,000 nodes, from their needs to the plan's text and hash. */
function measurePlacements(loopMs: number[], nodeCount: number, unitCount: number): Readonly<Record<string, number>> {
  const [ms, wholeMs]: [number[], number[]] = [[], []];
  const known = largeInstance(nodeCount, unitCount, 1);
  const fleet = compileFleet(known.inventory, known.policy, known.nowMs);
  planAll(known, tools, fleet); // hashes of the nodes are known from here on
  for (let turn = 0; turn <= 2 * rounds; turn++) {
    const { apps } = largeInstance(nodeCount, unitCount, 1);
    const samples: number[] = [];
    timed(samples, () => planAll({ ...known, apps }, tools, fleet));
    if (turn > 0) ms.push(...samples);
    if (turn % 5 === 0) loopMs.push(calibrationLoop());
  }
  for (let turn = 0; turn < rounds; turn++) {
    const instance = largeInstance(nodeCount, unitCount, 1);
    timed(wholeMs, () => planAll(instance, tools));
  }
  return { placementsPerSecond: (1000 * unitCount) / median(ms), placementsWithInventoryPerSecond: (1000 * unitCount) / median(wholeMs) };
}

/** What a plan and all that it was made by keeps, after a collection, at three sizes. */
function measureMemory(sizes: readonly number[]): Readonly<Record<string, number>> {
  setFlagsFromString("--expose-gc");
  const collectOnce: unknown = runInNewContext("gc");
  if (typeof collectOnce !== "function") throw new TypeError("the engine collects on demand");
  /** What holds other things on its way out lets go of them with the next one. */
  const collect = (): void => {
    for (let times = 0; times < 4; times++) collectOnce();
  };
  planAll(largeInstance(1_000, 1_000, 2), tools); // what is made once for all
  const figures: Record<string, number> = {};
  const kept: unknown[] = []; // what one size let go of while the next is measured would count against that
  for (const size of sizes) {
    const instance = largeInstance(size, size, 1);
    collect();
    const before = process.memoryUsage();
    const planned = planAll(instance, tools);
    collect();
    const after = process.memoryUsage();
    kept.push(instance, planned);
    figures[`planKilobytesPerUnit${size}`] = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 1e3 / planned.work.items.length;
  }
  return figures;
}

async function measureOptimum(instances: number): Promise<{ readonly costVsOptimal: number; readonly p95: number; readonly worst: number }> {
  const solver = await loadHighs();
  const ratios: number[] = [];
  for (let seed = 1; ratios.length < instances; seed++) {
    const instance = smallInstance(seed);
    const planned = planAll(instance, tools);
    const solved = solver.solve(programOf(instance), { mip_rel_gap: 1e-9 });
    if (solved.Status === "Optimal") ratios.push(planned.plan.unplaced.length > 0 ? Number.POSITIVE_INFINITY : 1 + (planned.objective - solved.ObjectiveValue) / Math.abs(solved.ObjectiveValue));
    else if (solved.Status !== "Infeasible") throw new RangeError(`instance ${seed} has no proved optimum: ${solved.Status}`);
  }
  return { costVsOptimal: sum(ratios) / ratios.length, p95: percentile(ratios, 0.95), worst: Math.max(...ratios) };
}
