/** A reducer as the loop of functions runs it: no sandbox, since nothing in it is anybody's code. */
import type { Keyed } from "@holon/core/reduce/keyed.ts";
import { createReducer, type EventReduction } from "@holon/core/reduce/reducer.ts";
import type { UnitInstance } from "@holon/core/ports.ts";

export function createReducerInstance(reduction: EventReduction, state: ReadonlyMap<string, string>, keyed: Keyed): UnitInstance {
  const reducer = createReducer(reduction, state, keyed);
  const type = reduction.kind === "discard" ? "" : reduction.emits;
  return {
    handle(events) {
      const outputs = events.flatMap((event, cause) => reducer.take(event).map((reduced) => ({ type, ...reduced, cause })));
      return Promise.resolve({ outputs, state: reducer.changes(), fitted: [], status: undefined, inferenceMs: [] });
    },
    stop: () => Promise.resolve(),
  };
}
