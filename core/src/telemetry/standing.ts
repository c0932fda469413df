/** How one node stands, in a sentence, and what to do: for who asks it something and gets no answer. */
import type { FleetRow } from "./fleet-status.ts";
import { silenceMessage } from "./silence.ts";

export function standingText(row: FleetRow): string {
  const { node, state, since, through } = row;
  if (state === "revoked") return `${node} was revoked${at(since)}, and is no node of this fleet any more`;
  if (state === "awaited") return silenceMessage(row, 0);
  if (state === "silent") return `${silenceMessage(row, 0)}; ${heardText(row)}`;
  return `${node} ${state === "gone" ? `was stopped in order${at(since)}` : `is ${state}, and cannot be reached from here now`}; ${through === null ? "none of its telemetry is known" : `its telemetry is known through ${through}`}; ${heardText(row)}`;
}

/** `above`: how the node stands to which it was connected last, where that is known. */
export function standingNext({ node, state, parent }: FleetRow, above?: Pick<FleetRow, "state">): string {
  if (state === "revoked") return `If it is to belong again: \`holon node invite ${node}\`.`;
  if (state === "awaited") return "Join it with its token (`holon node enroll`) and start it (`holon node start FILE`) on its own machine.";
  if (state === "gone") return `If that was not meant, start it on its machine: \`holon node start FILE\`, or its service. If it is never to come back: \`holon node revoke ${node}\`.`;
  const asked = `What you ask of it waits for it: \`holon node diagnose ${node}\`.`;
  if (state !== "silent") return `Ask again soon: its link may be about to open. ${asked}`;
  if (parent !== null && above !== undefined && isAbsent(above)) return `${parent}, to which it was connected, is ${above.state}: look there first. ${asked}`;
  return `See whether it has power, and whether it reaches ${parent ?? "the node above it"}; if it runs, it works on alone, and \`holon doctor\` on its machine says more. ${asked}`;
}

const isAbsent = ({ state }: Pick<FleetRow, "state">): boolean => state === "silent" || state === "gone" || state === "revoked" || state === "awaited";

const heardText = ({ heardAt, parent }: FleetRow): string => (heardAt === null ? "nothing of it was ever heard here" : `heard last at ${heardAt}${parent === null ? "" : `, by way of ${parent}`}`);

const at = (since: string | null): string => (since === null ? "" : ` at ${since}`);
