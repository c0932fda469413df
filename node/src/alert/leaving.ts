/** Asks the guard's policy whether an alert may go to where a receiver stands; the decision is in the trail, once for each policy, before the first byte goes. */
import type { Incident } from "@holon/core/alert/incident.ts";
import { printPrincipal, type Principal } from "@holon/core/policy/principal.ts";
import type { AlertRoute } from "@holon/core/schema/alerting.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";

export interface LeavingOptions {
  readonly guard: Pick<Guard, "inForce">;
  readonly log: Pick<SegmentLog, "origin" | "append">;
  readonly events: Events;
  readonly jurisdiction: string;
}

export function askLeaving({ guard, log, events, jurisdiction }: LeavingOptions): (incident: Incident, route: AlertRoute) => Promise<{ readonly allow: boolean; readonly reason: string }> {
  const self: Principal = { kind: "node", name: log.origin };
  const told = new Map<string, Promise<unknown>>();
  return async (incident, route) => {
    if (route.to.kind === "event") {
      if (route.to.stream === "local") return { allow: true, reason: "it stays here" };
      // What is written there goes up as this node's own, under its own jurisdiction: the guard of the link would ask about another one.
      const allow = incident.jurisdiction === jurisdiction;
      return { allow, reason: allow ? "it is asked about again where it goes up" : `the stream alarm goes up as data of ${jurisdiction}, and this is of ${incident.jurisdiction}` };
    }
    const { own, relayed, hash, version } = guard.inForce();
    const isOwn = incident.alert.kind !== "alarm" || incident.alert.node === log.origin;
    // Without a written policy nobody has said where it goes from there on.
    const decision = (isOwn ? own : relayed).decide(self, "leave", { name: "alarm", class: incident.class, jurisdiction: incident.jurisdiction }, { destination: hash === undefined ? undefined : route.jurisdiction });
    const data = { principal: printPrincipal(self), action: "leave", resource: "alarm", allow: decision.allow, rule: decision.rule, reason: decision.reason, destination: `${route.jurisdiction ?? "*"} alerts`, class: incident.class, ...(hash === undefined ? {} : { policy: hash }), policyVersion: version };
    const key = JSON.stringify([data.destination, data.class, data.rule, data.allow, incident.jurisdiction, hash, version]);
    const recorded = told.get(key) ?? log.append({ records: [events.record({ stream: "audit", type: "holon.policy.decided", class: "public", producer: "guard", data })] });
    if (told.size >= toldMax) told.clear();
    told.set(key, recorded);
    await recorded.catch((error: unknown) => {
      told.delete(key);
      throw error;
    });
    return decision;
  };
}

/** Decisions that are remembered as told. At the bound: all are forgotten, and told once more. */
const toldMax = 1_024;
