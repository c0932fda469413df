/**
 * Who is silent, as alerts: one for each cause, which is the first place on the way down where nobody is heard, whoever is behind it. It is told by one node alone, the one to which the silent
 * one was connected: those above hear of it by its word, and where that node is not heard either, that is the cause. The same silence is the same alert, however often it is looked at and
 * whatever becomes known of it later. Pure; the time is given.
 */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import type { Alert } from "./alert.ts";
import { isExcused } from "./completeness.ts";
import type { FleetRow } from "./fleet-status.ts";
import type { Now } from "./fleet-view.ts";

export interface SilenceWatch {
  /** Looks again; returns what has begun or ended since. */
  look(rows: readonly FleetRow[], now: Now): readonly Alert[];
}

export interface SilenceOptions {
  readonly self: string;
  /** It tells of those whom nobody was ever seen connected to, too. */
  readonly isRoot: boolean;
  /** Alerts that were told before this start. */
  readonly firing?: readonly Alert[];
  /** Until then, by the monotonic clock, nothing new is told: who was connected before this start is about to be again. */
  readonly fromMs?: number;
}

interface Open {
  alert: Alert;
  /** Since when it is heard again. */
  heard?: Now | undefined;
}

export function createSilenceWatch({ self, isRoot, firing = [], fromMs = Number.NEGATIVE_INFINITY }: SilenceOptions): SilenceWatch {
  const open = new Map<string, Open>(firing.map((alert) => [alert.subject, { alert }]));

  return {
    look(rows, now) {
      const byName = new Map(rows.map((row) => [row.node, row]));
      const silent = rows.filter((row) => row.state === "silent" || row.state === "awaited");
      const causes = silent.filter(({ node, parent }) => node !== self && (parent === self || (parent === null && isRoot)));
      const news: Alert[] = [];
      for (const row of causes) {
        const before = open.get(row.node);
        if (before === undefined && (now.monotonicMs < fromMs || isFresh(row, now) || isAwaited(row, now))) continue;
        const behind = silent.filter((other) => other.node !== row.node && isBelow(other, row.node, byName)).length;
        const alert = alertOf(row, behind, before?.alert, { self, nowMs: now.wallMs });
        open.set(row.node, { alert });
        if (before === undefined) news.push(alert);
      }
      const names = new Set(causes.map(({ node }) => node));
      for (const [node, one] of open) {
        if (names.has(node)) continue;
        one.heard ??= now;
        if (now.monotonicMs - one.heard.monotonicMs < limits.silenceOverMs) continue;
        open.delete(node);
        news.push({ ...one.alert, state: "resolved", until: isoTime(one.heard.wallMs) });
      }
      return news;
    },
  };
}

/** It has just fallen silent. A date that is still to come was told by a clock that was ahead, and says nothing. */
function isFresh({ since }: FleetRow, { wallMs }: Now): boolean {
  const agoMs = since === null ? undefined : wallMs - Date.parse(since);
  return agoMs !== undefined && 0 <= agoMs && agoMs < limits.silenceTellMs;
}

/** It was enrolled, and nobody has started it yet, for now. */
function isAwaited({ state, enrolledAt }: FleetRow, { wallMs }: Now): boolean {
  const agoMs = state === "awaited" && enrolledAt !== null ? wallMs - Date.parse(enrolledAt) : undefined;
  return agoMs !== undefined && 0 <= agoMs && agoMs < limits.silenceAwaitedMs;
}

/** What is said by now of a silence that is not over: from when it was told, and whether it is heard again, which must last for a while. */
export function silenceNow({ since, value, message }: Alert, row: FleetRow): string {
  if (row.state === "silent" || row.state === "awaited") return silenceMessage({ ...row, since }, Math.max(0, (value ?? 1) - 1));
  return isExcused(row.state) ? message : `${row.node} was silent since ${since}, and is heard again`;
}

/** What is known of it by now. */
export function silenceMessage(row: FleetRow, behind: number): string {
  if (row.state === "awaited") return `${row.node} was enrolled at ${row.enrolledAt ?? ""} and has never connected`;
  return `${row.node} is silent${row.since === null ? "" : ` since ${row.since}`}${behind === 0 ? "" : `, and with it ${behind} below it`}; ${row.through === null ? "none of its telemetry is known" : `its telemetry is known through ${row.through}`}`;
}

function alertOf(row: FleetRow, behind: number, before: Alert | undefined, { self, nowMs }: { readonly self: string; readonly nowMs: number }): Alert {
  const since = before?.since ?? row.since ?? isoTime(nowMs);
  const message = silenceMessage({ ...row, since: row.since === null ? null : since }, behind);
  return { id: `silence/${row.node}/${since}`, rule: "silence", kind: "silence", subject: row.node, severity: row.tier === "gateway" ? "ticket" : "page", state: "firing", since, until: null, value: 1 + behind, threshold: 0, message, count: 1, site: row.site, node: self };
}

function isBelow({ parent }: FleetRow, top: string, byName: ReadonlyMap<string, FleetRow>): boolean {
  const seen = new Set<string>();
  for (let at = parent; at !== null && !seen.has(at); at = byName.get(at)?.parent ?? null) {
    if (at === top) return true;
    seen.add(at);
  }
  return false;
}
