/** What never went to a collector, since it called it bad: counted for as long as the log lasts, so that a start forgets none of it. A count is kept in the same entry as the position behind it: what is tried again after a crash is counted once. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import { z } from "zod";

export interface SetAside {
  add(count: number, why: string): void;
  /** To be written with the position behind what was added. */
  changes(): readonly CellChange[];
  status(): Pick<ExportStatus, "aside" | "firstAsideAt" | "lastAside">;
}

const asideCell = "export-aside";
const schema = z.object({ count: z.int().nonnegative(), first: z.string(), last: z.string(), why: z.string() });
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createSetAside(log: Pick<Log, "cell">, clock: Clock): SetAside {
  let kept = keptIn(log);
  return {
    add(count, why) {
      const at = isoTime(clock.wall().ms);
      kept = { count: (kept?.count ?? 0) + count, first: kept?.first ?? at, last: at, why };
    },
    changes() {
      const [before, now] = [log.cell(asideCell), JSON.stringify(kept)];
      return kept === undefined || (before !== undefined && decoder.decode(before) === now) ? [] : [{ key: asideCell, value: encoder.encode(now) }];
    },
    status: () => (kept === undefined ? { aside: 0 } : { aside: kept.count, firstAsideAt: kept.first, lastAside: { at: kept.last, why: kept.why } }),
  };
}

/** What does not read says nothing. */
function keptIn(log: Pick<Log, "cell">): z.infer<typeof schema> | undefined {
  const cell = log.cell(asideCell);
  return cell === undefined ? undefined : schema.safeParse(parseJson(cell)).data;
}
