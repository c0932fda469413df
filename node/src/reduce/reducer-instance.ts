/** A reducer as the loop of functions runs it: no sandbox, since nothing in it is anybody's code. */
import type { Keyed } from "@holon/core/reduce/keyed.ts";
import { createReducer, type EventReduction } from "@holon/core/reduce/reducer.ts";
import type { Clock, UnitInstance } from "@holon/core/ports.ts";

export function createReducerInstance(reduction: EventReduction, state: ReadonlyMap<string, string>, keyed: Keyed, clock: Pick<Clock, "monotonicMs">): UnitInstance {
  const reducer = createReducer(reduction, state, keyed);
  const type = reduction.kind === "discard" ? "" : reduction.emits;
  return {
    handle(events) {
      const beganMs = clock.monotonicMs();
      const outputs = events.flatMap((event, cause) => reducer.take(event).map((reduced) => ({ type, ...reduced, cause })));
      const changes = reducer.changes();
      // It has the node's thread to itself meanwhile, so that the time on the wall is the most it can have taken; its memory is the node's.
      return Promise.resolve({ outputs, state: changes, fitted: [], status: undefined, inferenceMs: [], usage: { processorMs: clock.monotonicMs() - beganMs, memoryBytes: 0 } });
    },
    stop: () => Promise.resolve(),
  };
}
