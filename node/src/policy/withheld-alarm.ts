/**
 * An alarm while the policy keeps here what was made to leave and no rule says that it should: most likely a rule was forgotten, or the jurisdiction of the node above. Told again before alarms of one kind
 * are taken for over, for as long as more is kept, or something still waits.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { WithheldRow } from "@holon/core/policy/withheld.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";

export const withheldEvent = "holon.policy.withheld";

export interface WithheldAlarmOptions {
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  rows(): readonly WithheldRow[];
  append(record: NewRecord): Promise<unknown>;
}

export function createWithheldAlarm({ events, ports, rows, append }: WithheldAlarmOptions): { close(): void } {
  const { clock, trace } = ports;
  /** How much was kept when it was told last, and when. */
  let told = new Map<string, { readonly count: number; readonly atMs: number }>();
  // What a policy that has just come holds up for a moment is no news.
  let timer: Timer = clock.after(limits.withheldLookMs, look);
  let closed = false;

  function look(): void {
    const nowMs = clock.monotonicMs();
    const now: typeof told = new Map();
    for (const row of rows()) {
      if (row.isForbidden) continue;
      const { how, where, lanes, count, since, rule, reason, destination } = row;
      const key = `${how} ${where} ${reason}`;
      const before = told.get(key);
      const isNews = before === undefined || (nowMs - before.atMs >= limits.unplacedTellMs && (how === "waits" || count > before.count));
      now.set(key, isNews ? { count, atMs: nowMs } : before);
      if (!isNews) continue;
      append(events.record({ stream: "alarm", type: withheldEvent, class: "public", producer: "guard", subject: where, data: { how, lanes, count, since, rule, reason, destination } })).catch((error: unknown) => trace.note("warn", `what the policy keeps here: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
    }
    told = now;
    if (!closed) timer = clock.after(limits.withheldLookMs, look);
  }

  return {
    close() {
      closed = true;
      timer.cancel();
    },
  };
}
