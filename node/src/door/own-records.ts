/** What a node itself commits, from when the reader was made, record by record and in the order of each lane. What cannot be read is passed over. */
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type Log, type LogRecord } from "@holon/core/log/log.ts";

export interface OwnRecords {
  committed(lanes: readonly Lane[]): void;
  close(): void;
}

/** `isWanted`: whether anybody waits for what is committed now; otherwise it is passed over unread. */
export function followOwnRecords(log: Log, { each, isWanted, failed }: { each(record: LogRecord, lane: Lane): void; isWanted(): boolean; failed(error: unknown): void }): OwnRecords {
  const read = new Map([...log.heads()].map(([name, { mark }]) => [name, mark.sequence]));
  const due = new Map<string, Lane>();
  let busy = false;
  let closed = false;

  const skip = (name: string, lane: Lane): void => void read.set(name, log.head(lane)?.sequence ?? 0);

  async function work(): Promise<void> {
    for (let next = [...due][0]; next !== undefined && !closed; next = [...due][0]) {
      const [name, lane] = next;
      due.delete(name);
      try {
        await readOn(name, lane);
      } catch (error) {
        skip(name, lane); // it is for what is new: what cannot be read now is not told late
        failed(error);
      }
    }
    busy = false;
  }

  async function readOn(name: string, lane: Lane): Promise<void> {
    for (let from = (read.get(name) ?? 0) + 1; from <= (log.head(lane)?.sequence ?? 0) && !closed; from = (read.get(name) ?? 0) + 1) {
      const records = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const record of records) if (!closed) each(record, lane);
      read.set(name, records.at(-1)?.sequence ?? log.head(lane)?.sequence ?? from);
    }
  }

  return {
    committed(lanes) {
      const own = lanes.filter(({ origin }) => origin === log.origin);
      if (!busy && !isWanted()) return own.forEach((lane) => skip(laneName(lane), lane));
      for (const lane of own) due.set(laneName(lane), lane);
      if (busy || closed || due.size === 0) return;
      busy = true;
      void work();
    },
    close: () => void (closed = true),
  };
}
