/** How much is known of some nodes of a status that was asked for once: the same account as that of the whole. */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import { isExcused, noStates, type Completeness } from "../telemetry/completeness.ts";
import type { FleetRow } from "../telemetry/fleet-status.ts";

export function completenessOf(rows: readonly FleetRow[], nowMs: number, missingMax: number = limits.objectiveMissingMax): Completeness {
  const slowestMs = rows.reduce((most, { state, everyMs }) => (isExcused(state) ? most : Math.max(most, everyMs ?? 0)), 0);
  const throughMs = nowMs - limits.telemetryGraceMs - (slowestMs === 0 ? limits.telemetryEveryMs : slowestMs);
  const states = noStates();
  for (const { state } of rows) states[state] += 1;
  // Times of one form are in order as they are written.
  const through = isoTime(throughMs);
  const expected = rows.filter(({ state }) => !isExcused(state));
  const missing = expected.filter((row) => row.through === null || row.through < through).sort((a, b) => compare(a.through ?? "", b.through ?? "") || compare(a.node, b.node));
  return {
    nodes: rows.length,
    reported: expected.length - missing.length,
    excused: states.gone + states.revoked,
    unknown: missing.length,
    through,
    states,
    missing: missing.slice(0, missingMax).map(({ node, site, state, since, through: time }) => ({ node, site, state, since, through: time })),
  };
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
