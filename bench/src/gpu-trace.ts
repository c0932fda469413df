/**
 * Suite `gpu-trace`: how much of a cluster's GPUs is handed out when more has been asked for than there is. Units arrive until 130 % of all GPUs have been asked for; beside
 * ours the schedulers of "Beware of Fragmentation" (USENIX ATC '23), on the same arrivals. Machines without a GPU are left out, as they are there.
 */
import { chanceFrom } from "@holon/core/chance.ts";
import { HolonError } from "@holon/core/errors.ts";
import { wholeMilli } from "@holon/core/placement/fragments.ts";
import { acceleratorMilliOf, arrive, inflate } from "./gpu-trace-arrive.ts";
import { readMachines, readUnits } from "./gpu-trace-files.ts";
import { bestFit, byChance, fragmentationDescent, ours, type Scheduler } from "./gpu-trace-schedulers.ts";
import { round } from "./statistics.ts";
import type { Suite, SuiteResult } from "./suite.ts";

const arrivedDemand = 1.3;
const seeds = [42, 43, 44, 45, 46, 47, 48, 49, 50, 51];

export const gpuTraceSuite: Suite = {
  measures: "GPUs handed out at 130 % arrived demand, beside FGD, best fit and chance (--nodes FILE --pods FILE)",
  async run({ machines: machinesPath, units: unitsPath, say }): Promise<SuiteResult> {
    if (machinesPath === undefined || unitsPath === undefined) {
      say("left out: it wants --nodes FILE and --pods FILE");
      return { figures: {}, ratios: {} };
    }
    const all = readMachines(machinesPath);
    const machines = all.filter(({ milli }) => milli.length > 0);
    const units = readUnits(unitsPath);
    const capacityMilli = wholeMilli * machines.reduce((sum, { milli }) => sum + milli.length, 0);
    if (capacityMilli === 0) throw new HolonError("HOLON_TABLE_BAD", `no machine of ${machinesPath} has a GPU`);
    if (acceleratorMilliOf(units) === 0) throw new HolonError("HOLON_TABLE_BAD", `no unit of ${unitsPath} asks for a GPU`);
    say(`${machines.length} machines with ${capacityMilli / wholeMilli} GPUs, ${all.length - machines.length} without are left out; ${units.length} units ask for ${round(acceleratorMilliOf(units) / wholeMilli)}`);
    const schedulers: Readonly<Record<string, (seed: number) => Scheduler>> = { "": () => ours(units), Fgd: () => fragmentationDescent(units), BestFit: () => bestFit, Random: (seed) => byChance(chanceFrom(seed)) };
    const allocation: Record<string, number> = {};
    for (const seed of seeds) {
      const stream = inflate(units, arrivedDemand * capacityMilli, chanceFrom(seed));
      const said = Object.entries(schedulers).map(([name, scheduler]) => {
        const { allocationPercent, turnedAway } = arrive(machines, stream, scheduler(seed));
        allocation[`allocationPercent${name}`] = (allocation[`allocationPercent${name}`] ?? 0) + allocationPercent / seeds.length;
        return `${name === "" ? "ours" : name} ${allocationPercent.toFixed(2)} % (${turnedAway} turned away)`;
      });
      say(`seed ${seed}, ${stream.length} arrivals: ${said.join(", ")}`);
    }
    return { figures: {}, ratios: {}, computed: { ...allocation, acceleratorsTotal: capacityMilli / wholeMilli, arrivedPercent: 100 * arrivedDemand } };
  },
};
