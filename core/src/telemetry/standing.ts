/** How one node stands, in a sentence: for who asks it something and gets no answer. */
import type { FleetRow } from "./fleet-status.ts";
import { silenceMessage } from "./silence.ts";

export function standingText(row: FleetRow): string {
  const { node, state, since, through } = row;
  if (state === "silent" || state === "awaited") return silenceMessage(row, 0);
  if (state === "revoked") return `${node} was revoked${at(since)}, and is no node of this fleet any more`;
  return `${node} ${state === "gone" ? `was stopped in order${at(since)}` : `is ${state}, and cannot be reached from here now`}; its telemetry is known through ${through ?? "nothing"}`;
}

const at = (since: string | null): string => (since === null ? "" : ` at ${since}`);
