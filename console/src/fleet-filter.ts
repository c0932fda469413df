/** What of the fleet is shown, by what stands in the address. Who was revoked is shown to those who ask for it. */
import type { Fleet, FleetNode } from "./fleet.ts";
import { lastStateOf } from "./node-state.ts";

export function filterFleet(fleet: Fleet, query: Readonly<Record<string, string>>, nowMs: number): readonly FleetNode[] {
  const wanted = (query["q"] ?? "").trim().toLowerCase().split(/\s+/).filter((word) => word !== "");
  const [site, state, tier] = [query["site"], query["state"], query["tier"]];
  return [...fleet.nodes.values()].filter(
    (node) =>
      (site === undefined || node.site === site) &&
      (tier === undefined || node.tier === tier) &&
      (state === undefined ? node.state !== "revoked" : lastStateOf(node, fleet, nowMs) === state) &&
      wanted.every((word) => node.name.includes(word) || node.site.includes(word) || node.jurisdiction.toLowerCase().includes(word)),
  );
}
