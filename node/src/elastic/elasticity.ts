/** What siblings of a site do of each other's work: this node's side as the one that asks, and as the one that is asked. */
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { Agent } from "../desired/agent.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Guard } from "../policy/guard.ts";
import type { Site } from "../site/site.ts";
import { createHelping, type HelpRow } from "./helping.ts";
import { createLending, type Lending } from "./lending.ts";

export interface Elasticity {
  readonly lending: Lending;
  /** What this node has done for siblings since it was started. */
  status(): readonly HelpRow[] | undefined;
  close(): Promise<void>;
}

export interface ElasticityOptions {
  readonly self: NodeName;
  readonly config: Pick<NodeConfig, "jurisdiction">;
  readonly siblings: readonly NodeName[];
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly guard: Guard;
  site(): Site | undefined;
  agent(): Agent | undefined;
  inventory(): NodeReport | undefined;
}

export function createElasticity({ self, config, siblings, ports, calls, handlers, guard, site, agent, inventory }: ElasticityOptions): Elasticity {
  const lending = createLending({ siblings, jurisdiction: config.jurisdiction, ports, calls, guard, peer: (sibling) => site()?.peer(sibling), version: () => Math.max(1, agent()?.status().version ?? 1) });
  const helping = createHelping({ self, siblings, ports, handlers, lending, standIn: async (unit) => agent()?.standIn(unit), full: (memoryBytes) => noMemory(inventory(), memoryBytes) });
  return {
    lending,
    status() {
      const rows = helping.status();
      return rows.length === 0 ? undefined : rows;
    },
    close: helping.close,
  };
}

/** By the node's own inventory; what is unknown keeps nobody out. */
function noMemory(report: NodeReport | undefined, wantedBytes: number): string | undefined {
  const has = report?.capacity.memoryBytes;
  const used = report?.load.memoryBytes?.value;
  if (has === undefined || used === undefined || has - used >= wantedBytes) return undefined;
  return `of ${has} bytes of memory ${Math.round(has - used)} are free, and it may take ${wantedBytes}`;
}
