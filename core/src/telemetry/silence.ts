/**
 * Who is silent, as alerts: one for each cause, which is the first place on the way down where nobody is heard, whoever is behind it. The same silence is the same alert, however often it is
 * looked at and whatever becomes known of it later. Pure; the time is given.
 */
import { isoTime } from "../event/iso-time.ts";
import type { Alert } from "./alert.ts";
import type { FleetRow } from "./fleet-status.ts";

export interface SilenceWatch {
  /** Looks again; returns what has begun or ended since. */
  look(rows: readonly FleetRow[], nowMs: number): readonly Alert[];
  /** Firing ones first, then those that ended, the newest first. */
  alerts(): readonly Alert[];
}

/** `firing`: alerts that were told before this start. */
export function createSilenceWatch(resolvedMax: number, firing: readonly Alert[] = []): SilenceWatch {
  const open = new Map<string, Alert>(firing.map((alert) => [alert.subject, alert]));
  const ended: Alert[] = [];

  return {
    look(rows, nowMs) {
      const byName = new Map(rows.map((row) => [row.node, row]));
      const isSilent = (row: FleetRow | undefined): boolean => row?.state === "silent" || row?.state === "gone";
      const silent = rows.filter((row) => row.state === "silent");
      const causes = silent.filter(({ parent }) => parent === null || !isSilent(byName.get(parent)));
      const news: Alert[] = [];
      for (const row of causes) {
        const behind = silent.filter((other) => other.node !== row.node && isBelow(other, row.node, byName)).length;
        const before = open.get(row.node);
        const since = before?.since ?? row.since ?? isoTime(nowMs);
        const message = `${row.node} is silent${row.since === null ? "" : ` since ${row.since}`}${behind === 0 ? "" : `, and with it ${behind} below it`}; its telemetry is known through ${row.through ?? "nothing"}`;
        const alert: Alert = { id: `silence/${row.node}/${since}`, rule: "silence", kind: "silence", subject: row.node, severity: row.tier === "gateway" ? "ticket" : "page", state: "firing", since, until: null, value: 1 + behind, threshold: 0, message, count: before?.count ?? 1 };
        open.set(row.node, alert);
        if (before === undefined) news.push(alert);
      }
      const names = new Set(causes.map(({ node }) => node));
      for (const [node, alert] of open) {
        if (names.has(node)) continue;
        open.delete(node);
        // Who is silent behind another is not back: it is another's alert now.
        const over: Alert = { ...alert, state: isSilent(byName.get(node)) && byName.get(node)?.state === "silent" ? "unknown" : "resolved", until: isoTime(nowMs) };
        ended.unshift(over);
        ended.length = Math.min(ended.length, resolvedMax);
        news.push(over);
      }
      return news;
    },
    alerts: () => [...open.values(), ...ended],
  };
}

function isBelow({ parent }: FleetRow, top: string, byName: ReadonlyMap<string, FleetRow>): boolean {
  const seen = new Set<string>();
  for (let at = parent; at !== null && !seen.has(at); at = byName.get(at)?.parent ?? null) {
    if (at === top) return true;
    seen.add(at);
  }
  return false;
}
