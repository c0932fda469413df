/** How long ago something was last written to a stream of this node, and last handled by a function that runs here; since this was first looked for where nothing was. */
import type { Lane } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { functionKeys, printKey } from "@holon/core/telemetry/key.ts";

export interface Ages {
  committed(lanes: readonly Lane[]): void;
  handled(app: string, fn: string): void;
  /** By key of a metric. `running`: functions of this node at this moment, those that are gone are forgotten; `written`: streams that it has ever written to. */
  seconds(running: readonly { readonly app: string; readonly name: string }[], written: readonly StreamName[]): ReadonlyMap<string, number>;
}

/** What a node writes of itself at all times says nothing. */
const streams: readonly StreamName[] = ["alarm", "data", "local"];
const ofStreams = new Map(streams.map((stream) => [stream, printKey("holon.log.age", { stream })]));
const ofFunction = functionKeys("holon.function.age");

export function createAges(clock: Pick<Clock, "monotonicMs">, self: string): Ages {
  const lastMs = new Map<string, number>();
  return {
    committed(lanes) {
      for (const { origin, stream } of lanes) {
        const key = origin === self ? ofStreams.get(stream) : undefined;
        if (key !== undefined) lastMs.set(key, clock.monotonicMs());
      }
    },
    handled: (app, fn) => void lastMs.set(ofFunction(app, fn), clock.monotonicMs()),
    seconds(running, written) {
      const nowMs = clock.monotonicMs();
      const keys = new Set([...[...ofStreams].flatMap(([stream, key]) => (written.includes(stream) ? [key] : [])), ...running.map(({ app, name }) => ofFunction(app, name))]);
      for (const key of lastMs.keys()) if (!keys.has(key)) lastMs.delete(key);
      for (const key of keys) if (!lastMs.has(key)) lastMs.set(key, nowMs);
      return new Map([...lastMs].map(([key, ms]) => [key, (nowMs - ms) / 1_000]));
    },
  };
}
