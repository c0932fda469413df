/** How much is known of some nodes of a status that was asked for once: the same account as that of the whole. */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import type { Completeness } from "../telemetry/completeness.ts";
import type { FleetRow } from "../telemetry/fleet-status.ts";

export function completenessOf(rows: readonly FleetRow[], nowMs: number): Completeness {
  const slowestMs = rows.reduce((most, { state, everyMs }) => (state === "gone" ? most : Math.max(most, everyMs ?? 0)), 0);
  const throughMs = nowMs - limits.telemetryGraceMs - (slowestMs === 0 ? limits.telemetryEveryMs : slowestMs);
  const states = { present: 0, slow: 0, silent: 0, crashed: 0, gone: 0 };
  for (const { state } of rows) states[state] += 1;
  const through = ({ through: time }: FleetRow): number => (time === null ? -Infinity : Date.parse(time));
  const expected = rows.filter(({ state }) => state !== "gone");
  const missing = expected.filter((row) => through(row) < throughMs).sort((a, b) => through(a) - through(b) || (a.node < b.node ? -1 : 1));
  return {
    nodes: rows.length,
    reported: expected.length - missing.length,
    excused: states.gone,
    unknown: missing.length,
    through: isoTime(throughMs),
    states,
    missing: missing.slice(0, limits.telemetryMissingMax).map(({ node, site, state, since, through: time }) => ({ node, site, state, since, through: time })),
  };
}
