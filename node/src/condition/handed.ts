/** Tells control from where the units that it placed here are handed how much, so that they can be where their data are. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { Handed } from "@holon/core/schema/condition.ts";
import type { Events } from "../event/events.ts";
import type { UnitStatus } from "../run/unit.ts";

export interface HandedTellerOptions {
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  units(): readonly Pick<UnitStatus, "app" | "name" | "handedBytes">[];
  append(record: NewRecord): Promise<unknown>;
}

export function createHandedTeller({ events, ports, units, append }: HandedTellerOptions): { close(): void } {
  const { clock, trace } = ports;
  let told = new Map<string, Readonly<Record<string, number>>>();
  let timer = clock.after(limits.handedTellMs, tell);
  let closed = false;

  function tell(): void {
    const now = new Map(units().flatMap(({ app, name, handedBytes }) => (handedBytes === undefined ? [] : [[`${app}/${name}`, handedBytes] as const])));
    const rows = [...now].map(([unit, bytes]) => ({ unit, bytes: since(told.get(unit) ?? {}, bytes) })).filter(({ bytes }) => Object.keys(bytes).length > 0);
    told = now;
    const data: Handed = { overMs: limits.handedTellMs, units: rows };
    // What is handed nothing is no news: it may be night.
    if (rows.length > 0) append(events.record({ stream: "audit", type: "holon.unit.handed", class: "public", producer: "node", data })).catch((error: unknown) => trace.note("warn", `handed: ${toHolonError(error).message}`));
    if (!closed) timer = clock.after(limits.handedTellMs, tell);
  }

  return {
    close() {
      closed = true;
      timer.cancel();
    },
  };
}

/** A count that is lower than before is of a unit that was started anew. */
const since = (before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(now).map(([origin, bytes]): [string, number] => [origin, bytes - (bytes >= (before[origin] ?? 0) ? (before[origin] ?? 0) : 0)]).filter(([, bytes]) => bytes > 0));
