/** The newest alerts as they arrive at the cloud. */
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import type { Log } from "@holon/core/log/log.ts";
import { laneName } from "@holon/core/log/log.ts";
import { z } from "zod";

export interface SeenAlert {
  readonly time: string;
  readonly subject: string;
  readonly state: "open" | "closed";
  readonly score: number | undefined;
  readonly rows: number | undefined;
  readonly causes: readonly { readonly sensor: string; readonly share: number }[];
}

const alertSchema = z.looseObject({
  state: z.enum(["open", "closed"]),
  score: z.number().optional(),
  peakScore: z.number().optional(),
  rows: z.number().optional(),
  causes: z.array(z.looseObject({ sensor: z.string(), share: z.number() })).default([]),
});

export interface AlertFeed {
  /** Newest last, at most eight. */
  newest(): readonly SeenAlert[];
  opened(): number;
  stop(): void;
}

const kept = 8;

export function followAlerts(log: Log): AlertFeed {
  const alerts: SeenAlert[] = [];
  const read = new Map<string, number>();
  let opened = 0;
  let busy: Promise<void> = Promise.resolve();

  async function catchUp(): Promise<void> {
    for (const { lane } of log.heads().values()) {
      if (lane.stream !== "alarm") continue;
      for (;;) {
        const records = await log.read(lane, (read.get(laneName(lane)) ?? 0) + 1, { maxRecords: 256, maxBytes: 1 << 20 });
        const last = records.at(-1);
        if (last === undefined) break;
        read.set(laneName(lane), last.sequence);
        for (const record of records) note(decodeStoredEvent(record.bytes));
      }
    }
  }

  function note(event: ReturnType<typeof decodeStoredEvent>): void {
    const parsed = alertSchema.safeParse(event.data);
    if (event.type !== "pump.alert" || !parsed.success) return;
    const { state, score, peakScore, rows, causes } = parsed.data;
    if (state === "open") opened += 1;
    alerts.push({ time: event.time, subject: event.subject ?? "", state, score: peakScore ?? score, rows, causes });
    if (alerts.length > kept) alerts.shift();
  }

  const step = (): void => {
    busy = busy.then(catchUp).catch(() => undefined); // the log is closing: the view ends with it
  };
  step();
  const unsubscribe = log.onCommit(step);
  return { newest: () => alerts, opened: () => opened, stop: unsubscribe };
}
