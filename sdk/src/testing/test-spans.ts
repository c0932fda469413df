/** Traces in a test: events that carry one are handled in spans with numbers for ids, the same in each run. */
import type { UnitEvent } from "@holon/core/ports.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";

export class TestSpans {
  #last = 0;

  /** The event in its span, and what is emitted for it carries on. */
  begin(event: UnitEvent): { readonly event: UnitEvent; readonly carried: string | undefined } {
    const parent = parseTraceparent(event.traceparent);
    if (parent === undefined) return { event, carried: undefined };
    const span = parent.sampled ? { ...parent, spanId: (++this.#last).toString(16).padStart(16, "0") } : parent;
    return { event: { ...event, span }, carried: printTraceparent(span) };
  }
}
