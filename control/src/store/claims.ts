/** Puts into the trail what other nodes said and had no business to say: the last of each lane, once, also across restarts. */
import { toHolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { laneName, type LogRecord } from "@holon/core/log/log.ts";
import { z } from "zod";
import type { ControlHost } from "../control.ts";

export interface Claims {
  ignored(record: LogRecord): void;
  /** Resolves when what was ignored since is on disk as told; where the disk takes nothing, the next call tells it. */
  tell(): Promise<void>;
}

interface Ignored {
  last: LogRecord;
  count: number;
}

const keyOf = (lane: string): string => `claims/${lane}`;
const encoder = new TextEncoder();

export function createClaims({ log, events, ports }: Pick<ControlHost, "log" | "events" | "ports">): Claims {
  const waiting = new Map<string, Ignored>();

  const toldThrough = (lane: string): number => {
    const bytes = log.cell(keyOf(lane));
    return bytes === undefined ? 0 : z.int().parse(parseJson(bytes));
  };

  /** What was ignored while the rest was being written waits on. */
  function forget(lane: string, through: LogRecord, count: number): void {
    const now = waiting.get(lane);
    if (now === undefined || now.last === through) waiting.delete(lane);
    else waiting.set(lane, { last: now.last, count: now.count - count });
  }

  return {
    ignored(record) {
      ports.trace.note("warn", `control: record ${printRecordName(record)} is not what its writer may say`);
      const lane = laneName(record);
      if (record.sequence <= toldThrough(lane)) return;
      waiting.set(lane, { last: record, count: (waiting.get(lane)?.count ?? 0) + 1 });
    },
    async tell() {
      const told = [...waiting];
      if (told.length === 0) return;
      const append = log.append({
        records: told.map(([, { last, count }]) =>
          events.record({ stream: "audit", type: "holon.claim.refused", class: "public", producer: "control", subject: last.origin, data: { record: printRecordName(last), count, message: `${last.origin} says what it is not, or what is not its to say` } }),
        ),
        cells: told.map(([lane, { last }]) => ({ key: keyOf(lane), value: encoder.encode(JSON.stringify(last.sequence)) })),
      });
      await append.then(
        () => told.forEach(([lane, { last, count }]) => forget(lane, last, count)),
        (error: unknown) => ports.trace.note("error", `control: a claim that was refused is not in the trail: ${toHolonError(error).message}`),
      );
    },
  };
}
