/** What a month of a unit on a node costs, and of what that is made up. */
import type { InventoryNode } from "../schema/inventory.ts";
import type { UnitNeeds } from "../schema/needs.ts";
import { hasAccelerator } from "./devices.ts";
import { gigabyte, hoursPerMonth, meetingOf, wayBetween, type Fleet } from "./fleet.ts";
import { dutyOf } from "./jobs.ts";
import { cheapestStage } from "./stages.ts";
import { lostOn } from "./passing.ts";
import type { Item } from "./work.ts";

/** What a month on this node costs, by what it goes for. Moving and flows come on top. */
export interface Cost {
  readonly rent: number;
  readonly energy: number;
  readonly carbon: number;
  readonly latency: number;
  readonly egress: number;
  readonly hardware: number;
  /** Questions of models in parts and of cascades that control cuts: work at both ends, bytes and time between them. */
  readonly questions: number;
  /** What its app makes on nodes from which it does not come here: no money, but a place that is of little use. */
  readonly missed: number;
}

/** `without`: it takes no accelerators, though the node has some for it. */
export function costOf(fleet: Fleet, item: Item, node: number, without = false): Cost {
  const { needs, sources, effects, asked } = item;
  const { rates, policy } = fleet;
  const place = fleet.nodes[node];
  const accelerated = !without && place !== undefined && hasAccelerator(needs, place);
  const accelerators = accelerated && needs.accelerator !== undefined ? (needs.accelerator.count * needs.accelerator.milli) / 1000 : 0;
  let [latencyMs, egress] = [0, 0];
  // What is asked in parts is priced by those that ask; its sources say where it may stand.
  if (asked.length === 0) {
    for (const source of sources) {
      const way = source.node < 0 ? fleet.worst : wayBetween(fleet, source.node, node);
      latencyMs += way.latencyMs;
      egress += source.gigabytes * way.perGigabyte;
    }
  }
  // For what may be done hours later nobody waits.
  if (needs.deferrableHours > 0) latencyMs = 0;
  else for (const effect of effects) latencyMs += (effect.node < 0 ? fleet.worst : wayBetween(fleet, effect.node, node)).latencyMs;
  const steadyEnergy = needs.processors * (rates.processorEnergy[node] ?? 0) + accelerators * (rates.acceleratorEnergy[node] ?? 0);
  const steadyCarbon = needs.processors * (rates.processorCarbon[node] ?? 0) + accelerators * (rates.acceleratorCarbon[node] ?? 0);
  const ofJob = needs.job === undefined ? undefined : powerOfJob(fleet, needs, node, accelerators, { energy: steadyEnergy, carbon: steadyCarbon });
  return {
    rent: needs.processors * (rates.processorRent[node] ?? 0) + (needs.memoryBytes / gigabyte) * (rates.memoryRent[node] ?? 0) + accelerators * (rates.acceleratorRent[node] ?? 0),
    energy: ofJob === undefined ? steadyEnergy : ofJob.energy,
    carbon: ofJob === undefined ? steadyCarbon : ofJob.carbon,
    latency: latencyMs * policy.perMillisecond,
    egress,
    hardware: hardwareOf(fleet, needs, place, accelerated),
    questions: asked.length === 0 ? 0 : asked.reduce((sum, { stage, node: asker, rows, times }) => sum + times * cheapestStage(fleet, stage, asker, node, rows).cost, 0) / needs.replicas,
    missed: lostOn(fleet, item, node),
  };
}

/** What all of `costOf` comes to, to the last bit; most of a search asks this, of what has neither runs nor questions in parts, and nothing is made to be thrown away. */
export function monthOf(fleet: Fleet, item: Item, node: number, without = false): number {
  const { needs, sources, effects, asked } = item;
  if (needs.job !== undefined || asked.length > 0) return totalOf(costOf(fleet, item, node, without));
  const { rates, policy, siteOf, links } = fleet;
  const place = fleet.nodes[node];
  const accelerated = !without && place !== undefined && hasAccelerator(needs, place);
  const accelerators = accelerated && needs.accelerator !== undefined ? (needs.accelerator.count * needs.accelerator.milli) / 1000 : 0;
  let [latencyMs, egress] = [0, 0];
  for (const { node: source, gigabytes } of sources) {
    const top = source < 0 || links.size > 0 || siteOf[source] === siteOf[node] ? -1 : meetingOf(fleet, source, node);
    if (top < 0) {
      const way = source < 0 ? fleet.worst : wayBetween(fleet, source, node);
      latencyMs += way.latencyMs;
      egress += gigabytes * way.perGigabyte;
    } else {
      latencyMs += (fleet.latencyMs[source] ?? 0) + (fleet.latencyMs[node] ?? 0) - 2 * (fleet.latencyMs[top] ?? 0);
      egress += gigabytes * ((fleet.perGigabyte[source] ?? 0) + (fleet.perGigabyte[node] ?? 0) - 2 * (fleet.perGigabyte[top] ?? 0));
    }
  }
  if (needs.deferrableHours > 0) latencyMs = 0;
  else for (const effect of effects) latencyMs += (effect.node < 0 ? fleet.worst : wayBetween(fleet, effect.node, node)).latencyMs;
  const rent = needs.processors * (rates.processorRent[node] ?? 0) + (needs.memoryBytes / gigabyte) * (rates.memoryRent[node] ?? 0) + accelerators * (rates.acceleratorRent[node] ?? 0);
  const energy = needs.processors * (rates.processorEnergy[node] ?? 0) + accelerators * (rates.acceleratorEnergy[node] ?? 0);
  const carbon = needs.processors * (rates.processorCarbon[node] ?? 0) + accelerators * (rates.acceleratorCarbon[node] ?? 0);
  return rent + energy + carbon + latencyMs * policy.perMillisecond + egress + hardwareOf(fleet, needs, place, accelerated) + lostOn(fleet, item, node);
}

function hardwareOf({ policy }: Fleet, { accelerator }: UnitNeeds, place: InventoryNode | undefined, accelerated: boolean): number {
  if (accelerator === undefined) return place?.capacity.accelerators === undefined ? 0 : policy.acceleratorSpared;
  return accelerated ? 0 : policy.acceleratorMissed;
}

/** By the hours of its run, where their curve is known. */
function powerOfJob(fleet: Fleet, needs: UnitNeeds, node: number, accelerators: number, steady: Pick<Cost, "energy" | "carbon">): Pick<Cost, "energy" | "carbon"> {
  const place = fleet.nodes[node];
  const run = place === undefined ? undefined : fleet.runOn(needs, place);
  const share = dutyOf(needs)?.share ?? 1;
  const kilowattHours = (share * hoursPerMonth * (needs.processors * (fleet.processorWatts[node] ?? 0) + accelerators * (fleet.acceleratorWatts[node] ?? 0))) / 1000;
  return {
    energy: run?.price === undefined ? share * steady.energy : kilowattHours * run.price,
    carbon: run?.carbon === undefined ? share * steady.carbon : (kilowattHours * run.carbon * fleet.policy.perKilogramCarbon) / 1000,
  };
}

export const totalOf = ({ rent, energy, carbon, latency, egress, hardware, questions, missed }: Cost): number => rent + energy + carbon + latency + egress + hardware + questions + missed;
