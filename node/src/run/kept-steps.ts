/**
 * Which steps are kept though no sampled trace led to them: those that raise an alarm or fail. Of what comes again and again the first after a quiet time, now and then one of those that follow, and the
 * one that says that it is over: never is the beginning or the end of an incident thinned out.
 */
import { limits } from "@holon/core/limits.ts";
import { saysOver } from "@holon/core/telemetry/says-over.ts";

export interface KeptSteps {
  /** An alarm of that type about that subject. */
  alarmed(type: string, subject: string | undefined, data: unknown, nowMs: number): boolean;
  failed(code: string, nowMs: number): boolean;
}

interface Seen {
  readonly keptMs: number;
  readonly lastMs: number;
}

export function createKeptSteps(): KeptSteps {
  const seen = new Map<string, Seen>();

  function isDue(key: string, nowMs: number, isOver: boolean): boolean {
    const before = seen.get(key);
    const isFirst = before === undefined || nowMs - before.lastMs >= limits.alarmQuietMs;
    const keep = isFirst || isOver || nowMs - before.keptMs >= limits.traceKeptEveryMs;
    seen.delete(key); // to the end: the first is the one that was not seen for longest
    seen.set(key, { keptMs: keep ? nowMs : before.keptMs, lastMs: nowMs });
    const [oldest] = seen.keys();
    if (seen.size > limits.traceKeptMax && oldest !== undefined) seen.delete(oldest);
    return keep;
  }

  return {
    alarmed: (type, subject, data, nowMs) => isDue(JSON.stringify([type, subject ?? null]), nowMs, saysOver(data)),
    failed: (code, nowMs) => isDue(code, nowMs, false),
  };
}
