/** What is known outside a node of its own lanes: which records it acknowledged, what they held, which readings they were. */
import { hash } from "node:crypto";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { laneName, type Lane, type Log, type LogRecord } from "@holon/core/log/log.ts";
import type { EpochRange, SeenRecord } from "./checkers/accounting.ts";

/** A device's reading and the record of `local` that holds it. */
export interface StoredReading {
  readonly sequence: number;
  /** The event's data. */
  readonly data: unknown;
}

export class LaneLedger {
  readonly #acknowledged = new Map<string, { epoch: string; first: number; last: number }[]>();
  readonly #seen = new Map<string, SeenRecord[]>();
  readonly #readings: StoredReading[] = [];
  #isClosed = false;
  #ends: ReadonlyMap<string, number> = new Map();

  /**
   * Watches one opening of a log: each commit after it is durable. What it held before is not acknowledged again, as it may be an
   * unacknowledged tail, but it is looked at.
   */
  attach(log: Log): void {
    const heads = new Map<string, number>();
    const lanes = [...exportableStreams, "local" as const].map((stream): Lane => ({ origin: log.origin, stream }));
    for (const lane of lanes) {
      heads.set(laneName(lane), log.head(lane)?.sequence ?? 0);
      this.#follow(log, lane);
    }
    log.onCommit(({ lanes: changed }) => {
      for (const lane of changed) {
        const name = laneName(lane);
        const before = heads.get(name);
        const now = log.head(lane)?.sequence;
        if (before === undefined || now === undefined || now <= before) continue;
        heads.set(name, now);
        this.#acknowledge(name, log.epoch, before + 1, now);
        this.#follow(log, lane);
      }
    });
  }

  /** The run is over: what is written from now on, while the logs are read, is not asked for. */
  close(log: Log): void {
    this.#isClosed = true;
    this.#ends = new Map([...log.heads()].map(([name, { mark }]) => [name, mark.sequence]));
  }

  /** Whether a record that is found in the log was there when the run ended. */
  isAskedFor(lane: string, sequence: number): boolean {
    return sequence <= (this.#ends.get(lane) ?? 0);
  }

  /** Acknowledged records of a lane. */
  of(lane: string): readonly EpochRange[] {
    return this.#acknowledged.get(lane) ?? [];
  }

  /** Records of a lane that were ever seen in the log, whether they still are there or not. */
  seen(lane: string): readonly SeenRecord[] {
    return this.#seen.get(lane) ?? [];
  }

  /** Records of `local` that were ever seen there. */
  get readings(): readonly StoredReading[] {
    return this.#readings;
  }

  #acknowledge(lane: string, epoch: string, first: number, last: number): void {
    if (this.#isClosed) return;
    const ranges = this.#acknowledged.get(lane) ?? [];
    this.#acknowledged.set(lane, ranges);
    const end = ranges.at(-1);
    if (end?.epoch === epoch && end.last + 1 === first) end.last = last;
    else ranges.push({ epoch, first, last });
  }

  /** Reads on from what was seen. A node that goes down never answers; its next opening is followed from the same place. */
  #follow(log: Log, lane: Lane): void {
    const name = laneName(lane);
    const from = (this.#lastSeen(name) ?? 0) + 1;
    if ((log.head(lane)?.sequence ?? 0) < from) return;
    log.read(lane, from, { maxRecords: 4096, maxBytes: 4 << 20 }).then(
      (records) => {
        if (records.length === 0) return;
        for (const record of records) this.#see(name, record);
        this.#follow(log, lane);
      },
      () => undefined, // the log was closed meanwhile; what it holds is read when it is opened again
    );
  }

  #see(lane: string, record: LogRecord): void {
    if (record.sequence <= (this.#lastSeen(lane) ?? 0)) return;
    const records = this.#seen.get(lane) ?? [];
    this.#seen.set(lane, records);
    records.push(seenRecord(record));
    if (record.stream === "local") this.#readings.push({ sequence: record.sequence, data: dataOf(record.bytes) });
  }

  #lastSeen(lane: string): number | undefined {
    return this.#seen.get(lane)?.at(-1)?.sequence;
  }
}

export const seenRecord = ({ epoch, sequence, bytes }: LogRecord): SeenRecord => ({
  epoch,
  sequence,
  digest: hash("sha256", bytes, "base64"),
});

/** The data of a stored event. */
export function dataOf(bytes: Uint8Array): unknown {
  const event: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  return typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
}
