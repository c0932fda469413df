/**
 * The question of a plan as a mixed-integer program in the LP format of CPLEX, for a solver that proves its answer; from `reading.ts`, so that a planner that reads its inputs otherwise
 * is found out. One variable says whether a replica stands on a node, with accelerators or without; for each flow one for each pair of nodes; one for each accelerator that it may take.
 */
import { readInputs, type Asked, type Replica, type Stand } from "./reading.ts";

/** Everything is to be placed. */
export function programOf(asked: Asked): string {
  const { nodes, replicas, stands, roomOf, flows } = readInputs(asked);
  const numberOf = new Map(replicas.map((replica, number) => [replica, number]));
  const name = (replica: Replica, { node, accelerated }: Stand): string => `x_${numberOf.get(replica)}_${nodes.indexOf(node)}${accelerated ? "_a" : ""}`;
  const of = (replica: Replica): readonly Stand[] => stands.get(replica) ?? [];
  const on = (replica: Replica, node: string): readonly string[] => of(replica).filter((stand) => stand.node.name === node).map((stand) => name(replica, stand));
  const objective = replicas.flatMap((replica) => of(replica).map((stand) => term(stand.cost, name(replica, stand))));
  const rules: string[] = replicas.map((replica) => (of(replica).length === 0 ? "0 none = 1" : `${of(replica).map((stand) => name(replica, stand)).join(" + ")} = 1`));
  const binary = replicas.flatMap((replica) => of(replica).map((stand) => name(replica, stand)));

  for (const [number, { sender, taker, cost }] of flows.entries()) {
    const [from, to] = [sender, taker].map((end) => [...new Set(of(end).map(({ node }) => node))]);
    const pair = (one: { readonly name: string }, other: { readonly name: string }): string => `y_${number}_${nodes.findIndex((node) => node.name === one.name)}_${nodes.findIndex((node) => node.name === other.name)}`;
    for (const one of from ?? []) {
      rules.push(`${(to ?? []).map((other) => pair(one, other)).join(" + ")} - ${on(sender, one.name).join(" - ")} = 0`);
      for (const other of to ?? []) objective.push(term(cost(one, other), pair(one, other)));
    }
    for (const other of to ?? []) rules.push(`${(from ?? []).map((one) => pair(one, other)).join(" + ")} - ${on(taker, other.name).join(" - ")} = 0`);
  }

  for (const [index, replica] of replicas.entries()) {
    for (const other of replicas.slice(index + 1)) {
      if (other.unit !== replica.unit) continue;
      for (const one of of(replica)) for (const two of of(other)) if (one.node.name === two.node.name || (replica.needs.spread === "site" && one.node.site === two.node.site)) rules.push(`${name(replica, one)} + ${name(other, two)} <= 1`);
    }
  }

  for (const node of nodes) {
    const here = replicas.flatMap((replica) => of(replica).filter((stand) => stand.node === node).map((stand) => ({ replica, stand })));
    for (const [what, scale] of [["processors", 1], ["memoryBytes", 2 ** 20], ["diskBytes", 1e6]] as const) {
      const terms = here.flatMap(({ replica, stand }) => (replica.needs[what] > 0 ? [term(replica.needs[what] / scale, name(replica, stand))] : []));
      if (terms.length > 0) rules.push(`${terms.join(" ")} <= ${(roomOf(node, what) / scale).toFixed(9)}`);
    }
    const takers = here.filter(({ stand }) => stand.accelerated);
    const devices = Array.from({ length: takers.length === 0 ? 0 : (node.capacity.accelerators?.count ?? 0) }, (_, device) => device);
    const part = ({ replica, stand }: (typeof here)[number], device: number): string => `d_${name(replica, stand)}_${device}`;
    for (const taker of takers) {
      rules.push(`${devices.map((device) => part(taker, device)).join(" + ")} - ${taker.replica.needs.accelerator?.count ?? 0} ${name(taker.replica, taker.stand)} = 0`);
      binary.push(...devices.map((device) => part(taker, device)));
    }
    for (const device of devices) rules.push(`${takers.map((taker) => term(taker.replica.needs.accelerator?.milli ?? 0, part(taker, device))).join(" ")} <= 1000`);
  }
  return ["Minimize", ` cost: ${objective.join("\n  ")}`, "Subject To", ...rules.map((rule, index) => ` r${index}: ${rule}`), "Binary", ...binary.map((each) => ` ${each}`), "End", ""].join("\n");
}

const term = (factor: number, name: string): string => `${factor < 0 ? "-" : "+"} ${Math.abs(factor)} ${name}`;
