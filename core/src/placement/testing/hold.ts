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
  const stood = new Map<string, Room>();
  for (const { unit, node } of inputs.previous?.placements ?? []) stood.set(node, added(stood.get(node) ?? noRoom, needs.get(unit) ?? noRoom));
  const replicas = new Map<string, InventoryNode[]>();
  for (const { unit, replica, node: name } of plan.placements) {
    const [node, need] = [nodes.get(name), needs.get(unit)];
    if (node === undefined || need === undefined) {
      broken.push(`${unit} on ${name}: there is no such unit or node`);
      continue;
    }
    const wasThere = inputs.previous?.placements.some((before) => before.unit === unit && before.replica === replica && before.node === name) === true;
    for (const why of whyNot(need, node, wasThere)) broken.push(`${unit} on ${name}: ${why}`);
    const use = used.get(name) ?? { ...noRoom, milli: 0, whole: 0 };
    const { count, milli } = need.accelerator?.need === "required" ? need.accelerator : { count: 0, milli: 0 };
    used.set(name, { ...added(use, need), milli: use.milli + count * milli, whole: use.whole + (milli > 500 ? count : 0) });
    replicas.set(unit, [...(replicas.get(unit) ?? []), node]);
  }
  for (const [name, use] of used) broken.push(...whatIsOver(nodes.get(name), use, stood.get(name) ?? noRoom, inputs));
  for (const [unit, at] of replicas) {
    const near = needs.get(unit)?.spread === "site" ? at.map(({ site }) => site) : at.map(({ name }) => name);
    if (new Set(near).size < near.length) broken.push(`${unit}: two replicas share a ${needs.get(unit)?.spread ?? ""}`);
  }
  return broken;
}

interface Room {
  readonly processors: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

const noRoom: Room = { processors: 0, memoryBytes: 0, diskBytes: 0 };
const added = (room: Room, more: Room): Room => ({ processors: room.processors + more.processors, memoryBytes: room.memoryBytes + more.memoryBytes, diskBytes: room.diskBytes + more.diskBytes });

interface Use extends Room {
  /** Thousandths of accelerators, of those that must have them. */
  readonly milli: number;
  /** Accelerators of which more than half is taken, by those: no two such share one. */
  readonly whole: number;
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
    ...(need.leftTo === undefined || need.leftTo.site === node.site ? [] : ["it is left to another site"]),
    ...(need.tiers === undefined || need.tiers.includes(node.tier) ? [] : [`it is of tier ${node.tier}`]),
    ...(order.indexOf(node.trust) < order.indexOf(need.trust) ? ["it is trusted too little"] : []),
    ...(need.providers.length > 0 && !need.providers.some((provider) => node.providers.includes(provider)) ? ["it runs no models in such a way"] : []),
    ...(need.accelerator?.need === "required" && !hasDevices(need.accelerator, node) ? ["it has not the accelerators"] : []),
    ...(node.state === "gone" ? ["it is gone"] : []),
    ...(node.state === "silent" && (!wasThere || need.onIsolation === "stop") ? ["it is silent, and nothing new comes to it"] : []),
  ];
}

const hasDevices = ({ count, models }: NonNullable<UnitNeeds["accelerator"]>, { capacity: { accelerators } }: InventoryNode): boolean => accelerators !== undefined && accelerators.count >= count && (models.length === 0 || models.includes(accelerators.model));

/** What was told last leaves room for who stood there; for others only what is known. */
function whatIsOver(node: InventoryNode | undefined, use: Use, stood: Room, { nowMs, policy }: Judged): readonly string[] {
  if (node === undefined) return [];
  const { capacity, load, state } = node;
  const isOld = state !== "silent" && capacity.asOfMs !== undefined && capacity.asOfMs < nowMs - policy.staleAfterMs;
  const loadOf = (of: "processors" | "memoryBytes"): number => {
    const told = load[of];
    if (state === "silent") return told?.value ?? 0;
    return told === undefined || told.asOfMs < nowMs - policy.loadStaleAfterMs ? policy.loadUnknownShare * (capacity[of] ?? 0) : told.value;
  };
  const open = (of: keyof Room): number => {
    const has = capacity[of] ?? 0;
    const toldLast = of === "diskBytes" ? has : Math.max(0, has - (load[of]?.value ?? 0));
    return Math.max(isOld ? 0 : of === "diskBytes" ? has : has - loadOf(of), Math.min(stood[of], toldLast));
  };
  const devices = capacity.accelerators?.count ?? 0;
  const over = use.milli > 1_000 * devices || use.whole > devices ? [`${node.name}: ${use.milli} thousandths of ${devices} accelerators, ${use.whole} of them more than half`] : [];
  return (["processors", "memoryBytes", "diskBytes"] as const).reduce<readonly string[]>((all, of) => (use[of] > Math.max(0, open(of)) + 1e-6 ? [...all, `${node.name}: ${use[of]} ${of} of ${open(of)}`] : all), over);
}
