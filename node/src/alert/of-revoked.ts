/** What nodes told that were revoked: none of them will ever say that it is over. */
import { over, type Incident } from "@holon/core/alert/incident.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";

/** Those that are over by that, with the reason: all who still say so were revoked, or it is the silence of one. What somebody else tells of as well goes on. */
export function overOfRevoked(incidents: readonly Incident[], rows: readonly FleetRow[], at: string): readonly Incident[] {
  const revoked = new Set(rows.flatMap(({ node, state }) => (state === "revoked" ? [node] : [])));
  if (revoked.size === 0) return [];
  return incidents.flatMap((incident) => {
    const { alert, tellers } = incident;
    if (alert.state === "resolved") return [];
    if (alert.kind === "silence" && revoked.has(alert.subject)) return [over(incident, () => true, at, becauseOf([alert.subject]))];
    const open = [...new Set(tellers.flatMap(({ node, isOver }) => (isOver ? [] : [node])))];
    return open.length > 0 && open.every((node) => revoked.has(node)) ? [over(incident, () => true, at, becauseOf(open.toSorted()))] : [];
  });
}

const becauseOf = (nodes: readonly string[]): string => `${nodes.join(" and ")} ${nodes.length === 1 ? "was" : "were"} revoked`;
