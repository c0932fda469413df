/** When this node wrote last before this start: in the run before, whatever clock those before that had. */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { Lane, Log, LogRecord } from "@holon/core/log/log.ts";
import type { Window } from "@holon/core/telemetry/window.ts";

/** `held`: windows that wait for the end of an outage, oldest first. 0 where nothing is known. */
export async function lastWordMs(log: Pick<Log, "origin" | "epoch" | "heads" | "head" | "read">, held: readonly Pick<Window, "endMs">[]): Promise<number> {
  const own = [...log.heads().values()].map(({ lane }) => lane).filter(({ origin, branch }) => origin === log.origin && branch === undefined);
  const ends = [];
  for (const lane of own) ends.push({ lane, records: await endOf(log, lane) });
  // Each run says in this lane that it began.
  const epoch = ends.find(({ lane }) => lane.stream === "telemetry")?.records.at(-1)?.epoch;
  const words = ends.flatMap(({ records }) => records.filter((record) => record.epoch === epoch).slice(-1));
  return Math.max(...words.map(recordedMs), held.at(-1)?.endMs ?? 0, 0);
}

/** Its newest records of before this start. */
async function endOf(log: Parameters<typeof lastWordMs>[0], lane: Lane): Promise<readonly LogRecord[]> {
  const head = log.head(lane)?.sequence ?? 0;
  const records = [];
  for (let from = Math.max(1, head - limits.unitBatchMax + 1); from <= head; ) {
    const read = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
    records.push(...read);
    from = (read.at(-1)?.sequence ?? head) + 1;
  }
  return records.filter(({ epoch }) => epoch !== log.epoch);
}

function recordedMs(record: LogRecord): number {
  try {
    return Date.parse(parseStoredEvent(record.bytes, printRecordName(record)).recordedtime);
  } catch {
    return 0; // shown as unknown where events are read
  }
}
