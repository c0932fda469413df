/** Tells control from where the units that it placed here are handed how much, so that they can be where their data are. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { Asked, Handed } from "@holon/core/schema/condition.ts";
import type { Events } from "../event/events.ts";
import type { ServedStatus } from "../model/served-models.ts";
import type { UnitStatus } from "../run/unit.ts";

export interface HandedTellerOptions {
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  units(): readonly Pick<UnitStatus, "app" | "name" | "handedBytes">[];
  models(): readonly Pick<ServedStatus, "model" | "here" | "above" | "kept" | "askedBytes" | "direct">[];
  append(record: NewRecord): Promise<unknown>;
}

export function createHandedTeller({ events, ports, units, models, append }: HandedTellerOptions): { close(): void } {
  const { clock, trace } = ports;
  let told = new Map<string, Readonly<Record<string, number>>>();
  let asked = new Map<string, Asked>();
  let timer = clock.after(limits.handedTellMs, tell);
  let closed = false;

  function tell(): void {
    const now = new Map(units().flatMap(({ app, name, handedBytes }) => (handedBytes === undefined ? [] : [[`${app}/${name}`, handedBytes] as const])));
    const rows = [...now].map(([unit, bytes]) => ({ unit, bytes: since(told.get(unit) ?? {}, bytes) })).filter(({ bytes }) => Object.keys(bytes).length > 0);
    told = now;
    const questions = new Map(models().flatMap((status) => (status.askedBytes === undefined ? [] : [[status.model, askedOf(status)] as const])));
    const fresh = [...questions.values()].map((one) => askedSince(asked.get(one.model), one)).filter(({ here, above, kept }) => here + above + kept > 0);
    asked = questions;
    const data: Handed = { overMs: limits.handedTellMs, units: rows, ...(fresh.length === 0 ? {} : { models: fresh }) };
    // What is handed nothing is no news: it may be night.
    if (rows.length + fresh.length > 0) append(events.record({ stream: "audit", type: "holon.unit.handed", class: "public", producer: "node", data })).catch((error: unknown) => trace.note("warn", `handed: ${toHolonError(error).message}`));
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

const askedOf = ({ model, here = 0, above = 0, kept, askedBytes = 0, direct }: Pick<ServedStatus, "model" | "here" | "above" | "kept" | "askedBytes" | "direct">): Asked => ({ ...(direct === undefined ? {} : { direct }), model, here, above, kept: Object.values(kept ?? {}).reduce((sum, each) => sum + each, 0), bytes: askedBytes });

/** Counts go back together, where the model was loaded anew. */
function askedSince(before: Asked | undefined, now: Asked): Asked {
  if (before === undefined || now.here < before.here || now.above < before.above || now.kept < before.kept || now.bytes < before.bytes) return now;
  return { model: now.model, here: now.here - before.here, above: now.above - before.above, kept: now.kept - before.kept, bytes: now.bytes - before.bytes, ...(now.direct === undefined ? {} : { direct: Math.max(0, now.direct - (before.direct ?? 0)) }) };
}
