/** What control has left to a site, on one member: its questions to the lead, and its answers while it leads. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { PlanTools } from "@holon/core/placement/planner.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { SitePlanner } from "@holon/core/site/overlay.ts";
import type { UnitLeases } from "@holon/core/site/unit-leases.ts";
import type { Agent } from "../desired/agent.ts";
import { desiredOf } from "../desired/documents.ts";
import type { Events } from "../event/events.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";
import type { Site } from "./site.ts";
import { createSteward } from "./steward.ts";
import { createTenant, type Tenant, type TenantRow } from "./tenant.ts";

/** Parts that a test may put a bug in. */
export interface StewardshipRules {
  readonly planner?: SitePlanner;
  readonly leases?: UnitLeases;
}

export interface StewardshipOptions {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly guard: Guard;
  readonly ports: { readonly clock: Clock; readonly crypto: PlanTools; readonly trace: Trace };
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly site: Site;
  readonly agent: Agent;
  isConnected(): boolean;
  readonly rules: StewardshipRules | undefined;
}

export interface Stewardship extends Pick<Tenant, "start" | "reach" | "isDelegated" | "tenure" | "holderOf" | "close"> {
  status(): readonly TenantRow[] | undefined;
}

export function openStewardship({ config, log, events, guard, ports, calls, handlers, site, agent, isConnected, rules }: StewardshipOptions): Stewardship {
  const self = log.origin;
  const append = (record: NewRecord): void => {
    log.append({ records: [record] }).catch((error: unknown) => ports.trace.note("warn", `site: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
  };
  const desired = () => desiredOf(log, self)?.document;
  const steward = createSteward({ self, events, ports, leads: site.leads, delegation: () => desired()?.delegation, append, ...rules });
  const tenant = createTenant({
    self, siblings: config.siblings.map(({ name }) => name), jurisdiction: config.jurisdiction, log, events, guard, ports, handlers, steward, desired, isConnected, append,
    lead() {
      const { lead, term } = site.status();
      return { node: lead, term };
    },
    ask(sibling, method, parameters) {
      const peer = site.peer(sibling);
      if (peer === undefined) return Promise.reject(new HolonError("HOLON_LINK_UNREACHABLE", `${sibling} is not reached`));
      return calls.callPeer(peer, method, parameters, limits.siteUnitAskMs);
    },
    reached: () => agent.status().version,
    isRunning: agent.isRunning,
    changed: agent.stoppingChanged,
  });
  return {
    ...tenant,
    status() {
      const rows = tenant.status();
      return rows.length === 0 ? undefined : rows;
    },
  };
}
