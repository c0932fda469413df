/** Whether a plan holds, counted anew from what it was made from: it shares no code with what plans. */
import type { PlanInputs, Plan } from "../planner.ts";
import type { InventoryNode } from "../../schema/inventory.ts";
import type { UnitNeeds } from "../../schema/needs.ts";

type Judged = Pick<PlanInputs, "inventory" | "apps" | "policy" | "nowMs"> & { readonly previous?: PlanInputs["previous"] };

/** What of residency, room, trust and spread the plan breaks, for people; empty: nothing. */
export function brokenBy(inputs: Judged, plan: Pick<Plan, "placements" | "unplaced">): readonly string[] {
  const broken: string[] = [];
  const nodes = new Map(inputs.inventory.nodes.map((node) => [node.name, node]));
  const needs = new Map<string, UnitNeeds>(inputs.apps.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
  const wanted = [...needs.values()].reduce((sum, { replicas }) => sum + replicas, 0);
  if (plan.placements.length + plan.unplaced.length !== wanted) broken.push(`${plan.placements.length} placed and ${plan.unplaced.length} left out of ${wanted}`);
  const used = new Map<string, Use>();
  const replicas = new Map<string, InventoryNode[]>();
  for (const { unit, replica, node: name } of plan.placements) {
    const [node, need] = [nodes.get(name), needs.get(unit)];
    if (node === undefined || need === undefined) {
      broken.push(`${unit} on ${name}: there is no such unit or node`);
      continue;
    }
    const wasThere = inputs.previous?.placements.some((before) => before.unit === unit && before.replica === replica && before.node === name) === true;
    for (const why of whyNot(need, node, wasThere)) broken.push(`${unit} on ${name}: ${why}`);
    const use = used.get(name) ?? { processors: 0, memoryBytes: 0, diskBytes: 0, milli: 0 };
    const milli = need.accelerator?.need === "required" ? need.accelerator.count * need.accelerator.milli : 0;
    used.set(name, { processors: use.processors + need.processors, memoryBytes: use.memoryBytes + need.memoryBytes, diskBytes: use.diskBytes + need.diskBytes, milli: use.milli + milli });
    replicas.set(unit, [...(replicas.get(unit) ?? []), node]);
  }
  for (const [name, use] of used) broken.push(...whatIsOver(nodes.get(name), use, inputs));
  for (const [unit, at] of replicas) {
    const near = needs.get(unit)?.spread === "site" ? at.map(({ site }) => site) : at.map(({ name }) => name);
    if (new Set(near).size < near.length) broken.push(`${unit}: two replicas share a ${needs.get(unit)?.spread ?? ""}`);
  }
  return broken;
}

interface Use {
  readonly processors: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Thousandths of accelerators, of those that must have them. */
  readonly milli: number;
}

function whyNot(need: UnitNeeds, node: InventoryNode, wasThere: boolean): readonly string[] {
  const lies = need.jurisdictions.some((place) => place === "*" || `${node.jurisdiction}/`.startsWith(`${place}/`));
  const isTied = need.classes.some((name) => name === "raw" || name === "personal");
  const order = ["none", "enrolled", "attested"];
  return [
    ...(lies ? [] : [`it stands in ${node.jurisdiction}`]),
    ...(isTied && !need.sources.some(({ site }) => site === node.site) ? ["its data do not leave their site"] : []),
    ...(need.sealedTo === undefined || need.sealedTo.includes(node.site) ? [] : ["it is sealed to other sites"]),
    ...(need.forbidden?.[node.name] === undefined ? [] : ["the policy forbids it"]),
    ...(need.tiers === undefined || need.tiers.includes(node.tier) ? [] : [`it is of tier ${node.tier}`]),
    ...(order.indexOf(node.trust) < order.indexOf(need.trust) ? ["it is trusted too little"] : []),
    ...(need.accelerator?.need === "required" && !hasDevices(need.accelerator, node) ? ["it has not the accelerators"] : []),
    ...(node.state === "gone" ? ["it is gone"] : []),
    ...(node.state === "silent" && (!wasThere || need.onIsolation === "stop") ? ["it is silent, and nothing new comes to it"] : []),
  ];
}

const hasDevices = ({ count, models }: NonNullable<UnitNeeds["accelerator"]>, { capacity: { accelerators } }: InventoryNode): boolean => accelerators !== undefined && accelerators.count >= count && (models.length === 0 || models.includes(accelerators.model));

function whatIsOver(node: InventoryNode | undefined, use: Use, { nowMs, policy }: Judged): readonly string[] {
  if (node === undefined) return [];
  const fresh = (value: { readonly value: number; readonly asOfMs: number } | undefined): number => (value === undefined || nowMs - value.asOfMs > policy.staleAfterMs ? 0 : value.value);
  const room = { processors: (node.capacity.processors ?? 0) - fresh(node.load.processors), memoryBytes: (node.capacity.memoryBytes ?? 0) - fresh(node.load.memoryBytes), diskBytes: node.capacity.diskBytes ?? 0 };
  const devices = 1_000 * (node.capacity.accelerators?.count ?? 0);
  const over = use.milli > devices ? [`${node.name}: ${use.milli} thousandths of accelerators of ${devices}`] : [];
  return (["processors", "memoryBytes", "diskBytes"] as const).reduce<readonly string[]>((all, of) => (use[of] > Math.max(0, room[of]) + 1e-6 ? [...all, `${node.name}: ${use[of]} ${of} of ${room[of]}`] : all), over);
}
