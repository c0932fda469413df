/**
 * Looks through what is committed once for all functions, and wakes those that want some of it: with a thousand functions, to wake
 * each for every event would be a thousand reads for one. A function that is awake looks at the head itself before it sleeps.
 */
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Sleeper {
  wants(record: LogRecord): boolean;
  committed(lanes: readonly string[]): void;
}

export interface Scout {
  committed(lanes: readonly Lane[]): void;
}

export function createScout(log: SegmentLog, sleepers: () => Iterable<Sleeper>): Scout {
  const read = new Map<string, number>();
  const due = new Map<string, Lane>();
  let busy = false;

  async function look(): Promise<void> {
    for (let next = [...due][0]; next !== undefined; next = [...due][0]) {
      const [name, lane] = next;
      due.delete(name);
      try {
        await lookAt(name, lane);
      } catch {
        for (const sleeper of sleepers()) sleeper.committed([name]); // what cannot be read here is told where it is to be handled
      }
    }
    busy = false;
  }

  async function lookAt(name: string, lane: Lane): Promise<void> {
    for (let from = (read.get(name) ?? 0) + 1; from <= (log.head(lane)?.sequence ?? 0); from = (read.get(name) ?? 0) + 1) {
      const records = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const sleeper of sleepers()) if (records.some((record) => sleeper.wants(record))) sleeper.committed([name]);
      read.set(name, records.at(-1)?.sequence ?? log.head(lane)?.sequence ?? from);
    }
  }

  for (const [name, { mark }] of log.heads()) read.set(name, mark.sequence); // a function that starts looks for itself
  return {
    committed(lanes) {
      for (const lane of lanes) if (lane.origin === log.origin) due.set(laneName(lane), lane);
      if (busy) return;
      busy = true;
      void look();
    },
  };
}
