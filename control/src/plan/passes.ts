/**
 * How far up what an app makes is let, as the guards of the nodes on its way would decide: by the written policy, or, where there is none, by what the app asks for where it was made, and by what goes on of what came from below.
 */
import { classOfMade, isLowered, type Maker } from "@holon/core/policy/lowering.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { policyFromEgress, relayedPolicy } from "@holon/core/policy/from-egress.ts";
import type { AppDocument, Emits } from "@holon/core/schema/app.ts";
import type { AppNeeds } from "@holon/core/schema/needs.ts";
import { limits } from "@holon/core/limits.ts";
import type { KnownNode } from "../store/fold.ts";

/** `maker`: undefined where a door takes it in. */
export interface Made {
  readonly app: Pick<AppDocument, "name" | "egress">;
  readonly maker: Maker | undefined;
  readonly target: Emits[string];
}

export interface Passes {
  /** The last node, from there up, to which it is let; undefined: nobody keeps it from any. */
  until(made: Made, node: string): string | undefined;
  /** By where it was made, jurisdictions that no node lets it into, as a written policy says; undefined where it leaves none. */
  borders(made: Made): NonNullable<AppNeeds["flows"][number]["borders"]> | undefined;
}

type Nodes = ReadonlyMap<string, Pick<KnownNode, "name" | "tier" | "jurisdiction" | "inventory">>;

interface Step {
  readonly node: string;
  readonly to: string;
}

/** Of nodes alike, so many are asked in place of all. */
const alikeAsked = 2;

export const parentIn = (nodes: Nodes, node: string): string | undefined => nodes.get(node)?.inventory?.uplink?.parent;

export function createPasses(nodes: Nodes, written: CompiledPolicy | undefined): Passes {
  const steps = stepsOf(nodes);
  const jurisdictions = [...new Set([...nodes.values()].map(({ jurisdiction }) => jurisdiction))].sort();
  const unwritten = new Map<AppDocument["egress"], CompiledPolicy>();
  const ownOf = ({ egress }: Made["app"]): CompiledPolicy => {
    const known = written ?? unwritten.get(egress) ?? compilePolicy(policyFromEgress(egress));
    if (written === undefined) unwritten.set(egress, known);
    return known;
  };

  /** Whether a node lets what was made in a jurisdiction go on to the next. */
  function isLet({ app, maker, target }: Made, born: string, { node, to }: Step, isOwn: boolean): boolean {
    if (target.stream === "local") return false;
    const own = ownOf(app);
    const lowered: Parameters<typeof classOfMade>[2]["guard"]["lowered"] = (unit, from, into, through) => (own.decide({ kind: "function", name: unit }, "lower", { name: unit, class: from, into, jurisdiction: born }, { through }).allow ? into : from);
    const held = maker === undefined ? target.class : classOfMade(target.class, maker, { app, guard: { lowered } });
    const through = maker !== undefined && isLowered(maker.from, target.class) && held !== maker.from ? maker.through : undefined;
    const policy = isOwn ? own : (written ?? relayedPolicy);
    return policy.decide({ kind: "node", name: node }, "leave", { name: target.stream, class: held, jurisdiction: born }, { destination: written === undefined ? undefined : to, through }).allow;
  }

  return {
    until(made, node) {
      const born = nodes.get(node)?.jurisdiction ?? "";
      const passed = new Set<string>();
      for (let at = node; !passed.has(at); ) {
        passed.add(at);
        const above = parentIn(nodes, at);
        const to = above === undefined ? undefined : nodes.get(above)?.jurisdiction;
        // Of what is above it nobody knows anything: only what leaves no node is known to stay.
        if (above === undefined || to === undefined) return made.target.stream === "local" ? at : undefined;
        if (!isLet(made, born, { node: at, to }, at === node)) return at;
        at = above;
      }
      return undefined;
    },
    borders(made) {
      if (made.target.stream === "local") return undefined;
      const closed = jurisdictions.flatMap((born) => [...steps].flatMap(([to, nodesThere]) => (nodesThere.some((node) => isLet(made, born, { node, to }, true)) ? [] : [{ born, to }])));
      return closed.length > 0 && closed.length === jurisdictions.length * steps.size ? undefined : closed.slice(0, limits.bordersMax);
    },
  };
}

/** By jurisdiction, some of the nodes below one that stands there. */
function stepsOf(nodes: Nodes): ReadonlyMap<string, readonly string[]> {
  const steps = new Map<string, string[]>();
  const asked = new Map<string, number>();
  for (const [name, { tier, jurisdiction }] of nodes) {
    const to = nodes.get(parentIn(nodes, name) ?? "")?.jurisdiction;
    if (to === undefined) continue;
    const alike = JSON.stringify([tier, jurisdiction, to]);
    const count = (asked.get(alike) ?? 0) + 1;
    asked.set(alike, count);
    if (count <= alikeAsked) steps.set(to, [...(steps.get(to) ?? []), name]);
  }
  return steps;
}
