/**
 * The planner's question as a mixed-integer program in the LP format of CPLEX: the same costs, bounds and capacities, for a solver that proves its answer. One variable says
 * whether an item stands on a node; one for each pair of places of a flow is at least what both ends say together.
 */
import { wayBetween } from "./fleet.ts";
import { createLedger } from "./ledger.ts";
import type { Planned } from "./planner.ts";
import { flowCost } from "./work.ts";

/** Whole accelerators only: parts of them are not a sum. Everything is to be placed. */
export function programOf({ fleet, work: { items }, inputs }: Pick<Planned, "fleet" | "work" | "inputs">): string {
  const previous = new Int32Array(items.length).fill(-1);
  for (const { unit, replica, node } of inputs.previous?.placements ?? []) {
    const index = items.findIndex((item) => item.unit === unit && item.replica === replica);
    if (index >= 0) previous[index] = fleet.indexOf.get(node) ?? -1;
  }
  const ledger = createLedger(fleet, { items, indexOf: new Map(), known: [], outlook: undefined }, previous);
  const places = items.map(({ kind }, index) => [...kind.inOrder].filter((node) => ledger.alone(index, node) < Number.POSITIVE_INFINITY));
  const stands = (item: number, node: number): string => `x_${item}_${node}`;
  const objective: string[] = [];
  const rules: string[] = [];
  const pairs: string[] = [];
  for (const [index, nodes] of places.entries()) {
    for (const node of nodes) objective.push(term(ledger.alone(index, node), stands(index, node)));
    rules.push(nodes.length === 0 ? "0 none = 1" : `${nodes.map((node) => stands(index, node)).join(" + ")} = 1`);
  }
  for (const [index, item] of items.entries()) {
    for (const [number, { item: other, gigabytes, share }] of item.flows.entries()) {
      if (other < index) continue;
      for (const a of places[index] ?? []) {
        for (const b of places[other] ?? []) {
          const cost = a === b ? 0 : flowCost(fleet, wayBetween(fleet, a, b), gigabytes, share);
          if (cost === 0) continue;
          const both = `y_${index}_${number}_${a}_${b}`;
          objective.push(term(cost, both));
          pairs.push(`${both} - ${stands(index, a)} - ${stands(other, b)} >= -1`);
        }
      }
    }
    for (const other of item.siblings) {
      if (other < index) continue;
      for (const a of places[index] ?? []) for (const b of places[other] ?? []) if (a === b || (item.needs.spread === "site" && fleet.siteOf[a] === fleet.siteOf[b])) rules.push(`${stands(index, a)} + ${stands(other, b)} <= 1`);
    }
  }
  const most = (of: (index: number, node: number) => number, room: (node: number) => number): void => {
    for (const node of fleet.nodes.keys()) {
      const terms = items.flatMap((_, index) => (places[index]?.includes(node) === true && of(index, node) > 0 ? [term(of(index, node), stands(index, node))] : []));
      if (terms.length > 0) rules.push(`${terms.join(" ")} <= ${room(node)}`);
    }
  };
  most((index) => items[index]?.needs.processors ?? 0, (node) => fleet.processors[node] ?? 0);
  most((index) => (items[index]?.needs.memoryBytes ?? 0) / 2 ** 20, (node) => (fleet.memoryBytes[node] ?? 0) / 2 ** 20);
  most((index, node) => (fleet.nodes[node]?.capacity.accelerators === undefined ? 0 : (items[index]?.needs.accelerator?.count ?? 0)), (node) => fleet.nodes[node]?.capacity.accelerators?.count ?? 0);
  const numbered = [...rules, ...pairs].map((rule, index) => ` r${index}: ${rule}`);
  return ["Minimize", ` cost: ${objective.join("\n  ")}`, "Subject To", ...numbered, "Binary", ...places.flatMap((nodes, index) => nodes.map((node) => ` ${stands(index, node)}`)), "End", ""].join("\n");
}

const term = (factor: number, name: string): string => `${factor < 0 ? "-" : "+"} ${Math.abs(factor)} ${name}`;
