/** One site in a world of its own, with no apps: what its nodes log is their own trail. For tests of siblings. */
import assert from "node:assert/strict";
import type { ElectionMachine } from "@holon/core/site/election.ts";
import { openNode, type HolonNode, type NodeStatus } from "@holon/node/index.ts";
import { LeadWatch } from "../checkers/one-lead.ts";
import { Fleet } from "../fleet.ts";
import { createModel } from "../model.ts";
import { createRunner } from "../runner.ts";
import type { SubjectProgram } from "../subject.ts";
import { World } from "../world.ts";

export interface LoneSite {
  readonly world: World;
  readonly fleet: Fleet;
  readonly names: readonly string[];
  readonly watch: LeadWatch;
  node(name: string): HolonNode;
  status(name: string): NonNullable<NodeStatus["election"]>;
  /** The member that leads by its own clock. */
  lead(): string | undefined;
  /** Lets time pass until the condition holds; fails at the limit. */
  until(condition: () => boolean, limitMs?: number): Promise<void>;
  pass(ms: number): Promise<void>;
}

/** Brings up a cloud and gateways below it that are siblings. */
export async function bringUpSite(gateways: number, options: { readonly seed?: number; readonly election?: ElectionMachine; readonly certificateMs?: number } = {}): Promise<LoneSite> {
  const nodes = new Map<string, HolonNode>();
  const program: SubjectProgram = {
    async boot(config, ports) {
      const node = await openNode(config, ports, options.election === undefined ? {} : { election: options.election });
      await node.announce();
      nodes.set(config.name, node);
      return { log: node.log, leads: () => node.leads(), close: () => node.close() };
    },
    sandbox: () => ({ model: createModel(), runner: createRunner() }),
  };
  const world = new World(options.seed ?? 1);
  const fleet = new Fleet(world, program, { certificateMs: options.certificateMs });
  const watch = new LeadWatch();
  fleet.add({ name: "cloud", tier: "cloud" });
  const names = Array.from({ length: gateways }, (_, index) => `gateway-${index + 1}`);
  for (const name of names) fleet.add({ name, tier: "gateway", parent: "cloud", siblings: names.filter((sibling) => sibling !== name) });
  await fleet.bringUp();
  const node = (name: string): HolonNode => {
    const found = nodes.get(name);
    assert.ok(found !== undefined);
    return found;
  };
  const status = (name: string): NonNullable<NodeStatus["election"]> => {
    const found = node(name).status().election;
    assert.ok(found !== undefined);
    return found;
  };
  const terms = () => names.map((name) => ({ node: name, term: fleet.members.get(name)?.machine.subject?.leads?.() }));
  const run = (timeMs: number, condition: () => boolean) =>
    world.run({
      timeMs,
      condition: () => {
        watch.see(world.nowMs, terms());
        return condition();
      },
    });
  return {
    world, fleet, names, watch, node, status,
    lead: () => terms().find(({ term }) => term !== undefined)?.node,
    async until(condition, limitMs = 120_000) {
      const end = await run(world.nowMs + limitMs, condition);
      assert.equal(end, "condition", JSON.stringify(names.map(status)));
    },
    pass: async (ms) => void (await run(world.nowMs + ms, () => false)),
  };
}
