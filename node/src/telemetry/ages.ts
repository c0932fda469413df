/** How long ago something was last written to a stream of this node, and last handled by a function; since the start where nothing was. */
import type { Lane } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { printKey } from "@holon/core/telemetry/key.ts";

export interface Ages {
  committed(lanes: readonly Lane[]): void;
  handled(app: string, fn: string): void;
  /** By key of a metric. */
  seconds(): ReadonlyMap<string, number>;
}

/** What a node writes of itself at all times says nothing. */
const streams: readonly StreamName[] = ["alarm", "data", "local"];

export function createAges(clock: Clock, self: string): Ages {
  const lastMs = new Map<string, number>();
  return {
    committed(lanes) {
      for (const { origin, stream } of lanes) if (origin === self && streams.includes(stream)) lastMs.set(printKey("holon.log.age", { stream }), clock.monotonicMs());
    },
    handled: (app, fn) => void lastMs.set(printKey("holon.function.age", { app, function: fn }), clock.monotonicMs()),
    seconds: () => new Map([...lastMs].map(([key, ms]) => [key, (clock.monotonicMs() - ms) / 1_000])),
  };
}
