/** This machine as a source: its own figures, at a steady rate. */
import { toHolonError } from "@holon/core/errors.ts";
import type { Clock, DoorSink, HostStats, OpenDoor } from "@holon/core/ports.ts";
import type { HostSourceSpec } from "@holon/core/schema/app.ts";
import { createWaiting, type Waiting } from "./waiting.ts";

interface HostWorld {
  readonly clock: Clock;
  readonly hostStats: HostStats;
}

/** Starts with the first sample that has rates, one interval after opening. `HOLON_SOURCE_UNREADABLE` if the machine tells nothing. */
export async function openHost(spec: HostSourceSpec, sink: DoorSink, world: HostWorld): Promise<OpenDoor> {
  await world.hostStats.sample();
  const waiting = createWaiting(world.clock);
  const running = run(spec, sink, world, waiting);
  return {
    address: undefined,
    async close() {
      waiting.stop();
      await running;
    },
  };
}

/** Ends the source when a sample cannot be taken or stored. */
async function run(spec: HostSourceSpec, sink: DoorSink, { clock, hostStats }: HostWorld, waiting: Waiting): Promise<void> {
  const intervalMs = 1000 / spec.rateHz;
  const startMs = clock.monotonicMs();
  let tick = 1;
  try {
    for (;;) {
      const dueMs = startMs + tick * intervalMs;
      while (!waiting.isStopped() && clock.monotonicMs() < dueMs) await waiting.sleep(dueMs - clock.monotonicMs());
      if (waiting.isStopped()) return;
      const data = await hostStats.sample();
      await sink.accept([{ type: spec.type, subject: spec.subject, timeMs: clock.wall().ms, data }], undefined);
      // Ticks that passed while the disk was busy are over: a figure of then cannot be taken now.
      tick = Math.max(tick, Math.floor((clock.monotonicMs() - startMs) / intervalMs)) + 1;
    }
  } catch (error) {
    sink.ended(toHolonError(error));
  }
}
