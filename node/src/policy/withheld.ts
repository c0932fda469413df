/** Counts what the policy keeps here that was made to leave: of this run of the node, in memory. What may not leave by an app's own `egress` alone its author said, and is not counted. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import { rawStays, unwrittenStays, withheldRowsMax, type WithheldRow } from "@holon/core/policy/withheld.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";

type Told = Pick<Decision, "rule" | "reason"> & { readonly destination: string | undefined };

export interface Withheld {
  /** A record that was made for a stream was recorded in `local`. `under`: which policy said so. */
  stays(stream: StreamName, told: Told, under: string): void;
  /** A lane is held up at its next record. */
  waits(lane: string, from: number, told: Told): void;
  /** It goes on. */
  goes(lane: string): void;
  /** `under`: which policy is in force; what another one kept is told no more. `head`: the last record of a lane. */
  rows(under: string, head: (lane: string) => number): readonly WithheldRow[];
}

interface Held extends Told {
  count: number;
  readonly sinceMs: number;
}

export function createWithheld({ wall }: Pick<Clock, "wall">): Withheld {
  const staying = new Map<string, Held & { readonly stream: StreamName }>();
  const waiting = new Map<string, Told & { readonly from: number; readonly sinceMs: number }>();
  let policy: string | undefined;

  return {
    stays(stream, told, under) {
      if (policy !== under) staying.clear();
      policy = under;
      const key = `${stream} ${told.reason}`;
      const before = staying.get(key);
      if (before !== undefined) before.count += 1;
      else if (staying.size < keptMax) staying.set(key, { ...told, stream, count: 1, sinceMs: wall().ms });
    },
    waits(lane, from, told) {
      const before = waiting.get(lane);
      waiting.set(lane, { ...told, from, sinceMs: before?.from === from ? before.sinceMs : wall().ms });
    },
    goes: (lane) => void waiting.delete(lane),
    rows(under, head) {
      const rows = [...(policy === under ? staying.values() : [])].map((held): WithheldRow => row("stays", held.stream, held));
      const byReason = new Map<string, Held & { readonly lane: string; lanes: number; sinceMs: number }>();
      for (const [lane, { from, ...told }] of waiting) {
        const count = Math.max(0, head(lane) - from + 1);
        const known = byReason.get(told.reason);
        if (known === undefined) byReason.set(told.reason, { ...told, lane, lanes: 1, count });
        else [known.lanes, known.count, known.sinceMs] = [known.lanes + 1, known.count + count, Math.min(known.sinceMs, told.sinceMs)];
      }
      for (const held of byReason.values()) rows.push(row("waits", held.lane, held, held.lanes));
      return rows.toSorted((one, other) => other.count - one.count).slice(0, withheldRowsMax);
    },
  };
}

/** Reasons that are told apart. At the bound: further ones are not counted. */
const keptMax = 64;

/** `default` is what the compiled policy names where none of its rules permits. */
const row = (how: WithheldRow["how"], where: string, { count, destination, rule, reason, sinceMs }: Held, lanes = 1): WithheldRow => ({ how, where, lanes, count, destination: destination ?? null, rule, reason, isForbidden: !["default", rawStays, unwrittenStays].includes(rule), since: isoTime(sinceMs) });
