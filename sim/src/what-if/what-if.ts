/**
 * What would become of a fleet: its inventory, needs and plan in force are lived through by the hour, with machines and links that fail. Once as it is planned now and never planned anew; once
 * with the planner, which hears in the hour after what was lost, fell silent or came back, as control does. No record is written and no byte sent.
 */
import { createHash } from "node:crypto";
import { agreedMembers, withSite } from "@holon/core/placement/site-members.ts";
import { planAll, type Plan, type PlanInputs } from "@holon/core/placement/planner.ts";
import type { Inventory } from "@holon/core/schema/inventory.ts";
import { stageName } from "@holon/core/placement/plan-stages.ts";
import type { WhatIfFigures, WhatIfReport } from "@holon/core/schema/what-if.ts";
import { stageKey, type Cuts } from "./questions.ts";
import { hourMs, WhatIfJudge, type Places } from "./judge.ts";
import { whatIfWorld, type WhatIfFaults } from "./world.ts";

export interface WhatIfOptions {
  readonly hours: number;
  readonly seed: number;
  readonly faults: WhatIfFaults;
}

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };

export function whatIf({ plan, inputs }: { readonly plan: Plan; readonly inputs: PlanInputs }, { hours, seed, faults }: WhatIfOptions): WhatIfReport {
  const world = whatIfWorld(inputs.inventory, hours, faults, seed);
  const fleet = { inventory: inputs.inventory, apps: inputs.apps, startMs: inputs.nowMs };
  const [kept, anew] = [new WhatIfJudge(world, fleet), new WhatIfJudge(world, fleet)];
  const first = placesOf(plan);
  let [previous, places] = [plan, first];
  const firstCuts = cutsOf(plan);
  let cuts = firstCuts;
  const changes = new Map<string, number>();
  let known = "";
  for (let hour = 0; hour < hours; hour++) {
    kept.see(hour, first, first, firstCuts);
    const before = places;
    const heard = hour === 0 ? "" : stateAt(inputs.inventory, world, hour - 1);
    if (heard !== known) {
      known = heard;
      const inventory = later(heardOf(inputs.inventory, world, hour - 1, faults.lose), hour * hourMs);
      previous = planAll({ ...inputs, inventory, apps: leftToSites(inputs.apps, inventory, previous), nowMs: inputs.nowMs + hour * hourMs, scope: "touched", previous }, tools).plan;
      places = placesOf(previous);
      const now = cutsOf(previous);
      for (const { model, node, here } of previous.stages ?? []) if ((cuts.get(stageKey(model, node)) ?? here) !== here) changes.set(model, (changes.get(model) ?? 0) + 1);
      cuts = now;
    }
    anew.see(hour, places, before, cuts);
  }
  return {
    plan: plan.hash,
    nodes: inputs.inventory.nodes.length,
    units: first.size + plan.unplaced.length,
    hours,
    seed,
    results: { asPlanned: kept.figures(), replanned: anew.figures() },
    cuts: cutsAsPlanned(plan, inputs.apps).map(({ model, asPlanned }) => ({ model, asPlanned, changes: changes.get(model) ?? 0 })),
    violations: [...kept.violations.map((what) => `as planned, ${what}`), ...anew.violations.map((what) => `replanned, ${what}`)],
    unknown: [...new Set([...kept.unknown, ...anew.unknown])].sort(),
  };
}

const placesOf = ({ placements }: Plan): Places => new Map(placements.map(({ unit, replica, node }) => [`${unit} ${replica}`, node]));

const cutsOf = ({ stages = [] }: Plan): Cuts => new Map(stages.map(({ model, node, here }) => [stageKey(model, node), here]));

function cutsAsPlanned({ stages = [] }: Plan, apps: PlanInputs["apps"]): readonly Pick<WhatIfReport["cuts"][number], "model" | "asPlanned">[] {
  return apps.flatMap(({ app, stages: staged = [] }) =>
    staged.map((one) => {
      const model = `${app}/${one.model}`;
      const own = stages.filter((stage) => stage.model === model).map(({ here }) => here);
      return { model, asPlanned: [...new Set(own)].sort((a, b) => a - b).map((here) => ({ how: stageName(one, here), nodes: own.filter((each) => each === here).length })) };
    }),
  );
}

type World = ReturnType<typeof whatIfWorld>;

/** Whom control does not hear is silent to it, whether it is down or cut off: as in control, only what stops on islands moves. What is lost for good is taken out of the fleet. */
function heardOf(inventory: Inventory, world: World, hour: number, lost: readonly string[]): Inventory {
  return { ...inventory, nodes: inventory.nodes.map((node) => (lost.includes(node.name) ? { ...node, state: "gone" } : node.state === "gone" || world.isHeard(node.name, hour) ? node : { ...node, state: "silent" })) };
}

/** What sites decide themselves in that hour, as control says it to the planner: an hour is longer than a lease. */
function leftToSites(apps: PlanInputs["apps"], { nodes }: Inventory, { placements }: Plan): PlanInputs["apps"] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const homes = new Map(placements.map(({ unit, node }) => [unit, node] as const));
  const view = {
    nodes,
    membersOf: (name: string) => agreedMembers(name, (other) => {
      const node = byName.get(other);
      return node && { site: node.site, siblings: node.siblings ?? [] };
    }),
    stateOf: (name: string) => byName.get(name)?.state ?? "gone",
    isLeaseOver: () => true,
  };
  return apps.map((app) => ({ ...app, units: app.units.map((before) => {
    const { island: _island, leftTo: _leftTo, ...unit } = before;
    return withSite(unit, homes.get(`${app.app}/${unit.name}`), view);
  }) }));
}

/** What was measured is taken to be measured so still: curves are read by their own times, and nothing goes stale for want of nodes that measure. */
function later<T>(value: T, byMs: number): T {
  const moved = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(moved);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, of]) => [key, key === "asOfMs" && typeof of === "number" ? of + byMs : moved(of)]));
  };
  return moved(value) as T;
}

const stateAt = ({ nodes }: Inventory, world: World, hour: number): string => nodes.filter(({ name }) => !world.isHeard(name, hour)).map(({ name }) => name).join();

/** For people, a line a model that asks another. */
export const cutLines = ({ cuts }: WhatIfReport): readonly string[] =>
  cuts.map(({ model, asPlanned, changes }) => `${model}: ${asPlanned.map(({ how, nodes }) => `${how} on ${nodes}`).join(", ") || "asked by nobody"}; replanned, ${changes} changes`);

/** For people. */
export function whatIfTable({ results, cuts }: WhatIfReport): string {
  const number = (value: number | null): string => (value === null ? "-" : value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
  const asks = cuts.length > 0;
  const row = (name: string, figures: WhatIfFigures): string => [name, number(figures.latencyMsP50), number(figures.latencyMsP99), ...(asks ? [number(figures.answerMsP50), number(figures.answerMsP99)] : []), number(figures.egressGigabytes), number(figures.money), number(figures.carbonKilograms), figures.unservedPercent.toFixed(2), String(figures.moves), String(figures.violations)].join(" | ");
  return [`| | latency p50, ms | p99, ms |${asks ? " answer p50, ms | p99, ms |" : ""} egress, GB | money | carbon, kg | unserved, % | moves | violations |`, `|---|---|---|---|---|---|---|---|---|${asks ? "---|---|" : ""}`, `| ${row("as planned", results.asPlanned)} |`, `| ${row("replanned", results.replanned)} |`].join("\n");
}
