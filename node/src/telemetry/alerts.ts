/** Looks for silence now and then, tells it as events of stream `alarm`, and knows what was told before. */
import { limits } from "@holon/core/limits.ts";
import { alertSchema, type Alert } from "@holon/core/telemetry/alert.ts";
import { createSilenceWatch } from "@holon/core/telemetry/silence.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Alerts {
  start(): void;
  all(): readonly Alert[];
  close(): void;
}

export interface AlertsOptions {
  readonly log: SegmentLog;
  readonly events: Events;
  readonly clock: Clock;
  rows(): readonly FleetRow[];
  failed(error: unknown): void;
}

const prefix = "alert/";
const encoder = new TextEncoder();

export function createAlerts({ log, events, clock, rows, failed }: AlertsOptions): Alerts {
  const watch = createSilenceWatch(limits.alertsResolvedMax, [...log.cells(prefix).values()].map((cell) => alertSchema.parse(parseJson(cell))));
  let timer: Timer | undefined;
  let closed = false;

  async function look(): Promise<void> {
    const news = watch.look(rows(), clock.wall().ms);
    if (news.length === 0) return;
    const records = news.map((alert): NewRecord => events.record({ stream: "alarm", type: alert.state === "firing" ? "holon.alert.fired" : "holon.alert.ended", class: "public", producer: "alerts", subject: alert.subject, data: alert }));
    const cells = news.map((alert): CellChange => ({ key: `${prefix}${alert.subject}`, value: alert.state === "firing" ? encoder.encode(JSON.stringify(alert)) : null }));
    await log.append({ records, cells });
  }

  function later(): void {
    if (closed) return;
    timer = clock.after(limits.alertLookMs, () => void look().catch(failed).finally(later));
  }

  return {
    start: later,
    all: watch.alerts,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
