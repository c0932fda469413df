/** Reads a lane of a log from its beginning, batch by batch. */
import { limits } from "@holon/core/limits.ts";
import type { Lane, Log, LogRecord } from "@holon/core/log/log.ts";

export async function* scanLane(log: Log, lane: Lane): AsyncGenerator<LogRecord> {
  for (let next = 1; ; ) {
    const records = await log.read(lane, next, { maxRecords: 4096, maxBytes: limits.linkBatchBytesMax });
    const last = records.at(-1);
    if (last === undefined) return;
    yield* records;
    next = last.sequence + 1;
  }
}
