/** Tells control how this node stands to what it is to be: when that has changed, and no oftener than the bound. */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { Condition } from "@holon/core/schema/condition.ts";
import type { Events } from "../event/events.ts";

export interface TellerOptions {
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  now(): Promise<Condition>;
  append(record: NewRecord): Promise<unknown>;
}

export interface Teller {
  start(): void;
  close(): void;
}

export function createTeller({ events, ports, now, append }: TellerOptions): Teller {
  const { clock, trace } = ports;
  let told = "";
  let timer: Timer | undefined;
  let closed = false;

  async function look(): Promise<void> {
    const condition = await now();
    const text = canonicalJson(condition);
    if (closed || text === told) return;
    await append(events.record({ stream: "audit", type: "holon.node.condition", class: "public", producer: "node", data: condition }));
    told = text;
  }

  function lookAgain(): void {
    look()
      .catch((error: unknown) => trace.note("warn", `condition: ${toHolonError(error).message}`))
      .finally(() => void (closed || (timer = clock.after(limits.conditionLookMs, lookAgain))));
  }

  return {
    // Not at once: what a node that starts has not reached yet is no news.
    start: () => void (timer = clock.after(limits.conditionLookMs, lookAgain)),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
