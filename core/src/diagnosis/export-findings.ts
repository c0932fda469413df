/** What keeps telemetry from a collector, and what to do. */
import type { ExportStatus } from "../telemetry/export-status.ts";
import type { Finding } from "./findings.ts";

export function exportFindings(name: string, { to, jurisdiction, behind, problem, aside, firstAsideAt, lastAside, withheld, gone }: ExportStatus): readonly Finding[] {
  const findings: Finding[] = [];
  const warn = (says: string, next: string): void => void findings.push({ check: name, state: "warn", says, next });
  if (problem !== undefined) warn(`no telemetry goes to the collector ${to} since ${problem.since}: ${problem.message}; ${records(behind)} wait in the log`, problem.next);
  if (aside > 0) warn(`${aside} of what goes to the collector ${to} ${aside === 1 ? "was" : "were"} set aside${lastAside === undefined ? "" : `${aside > 1 && firstAsideAt !== undefined ? `, first at ${firstAsideAt}` : ""}, last at ${lastAside.at}: ${lastAside.why}`}`, "Each is named in the node's log (`holon node logs`), and stays in its stream `telemetry`. What a collector calls bad it does not understand: see its own log, or take a newer one.");
  if (withheld > 0) warn(`the policy keeps ${records(withheld)} of telemetry from the collector ${to} in ${jurisdiction}; they do not go later`, "Where they are to go there, let a rule of the policy permit `leave` of their class to that jurisdiction (`holon policy show`); where not, `of: self` in `telemetry.export` sends what this node itself measures.");
  if (gone > 0) warn(`${records(gone)} of telemetry were kept no longer, or were damaged, before they went to the collector ${to}`, "Let the stream `telemetry` be kept for longer than the collector may be away (`retention` of holon.node.yaml).");
  return findings;
}

const records = (count: number): string => `${count} record${count === 1 ? "" : "s"}`;
