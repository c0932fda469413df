/** All of a lane, as a checker reads it. */
import type { Lane, LogRecord } from "@holon/core/log/log.ts";
import type { SimSubject } from "./subject.ts";

export async function readLane({ log }: SimSubject, lane: Lane): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for (let from = 1; ; ) {
    const page = await log.read(lane, from, { maxRecords: 4096, maxBytes: 4 << 20 });
    const last = page.at(-1);
    if (last === undefined) return records;
    records.push(...page);
    // Not from what a faulty log says alone: the reading must end.
    from = Math.max(from + 1, last.sequence + 1);
  }
}
