/** One window of event time after the other, of all subjects together. Stragglers of closed windows are left out; a clock that went far back begins anew. */
import type { StateTable } from "../run/state-table.ts";

const stragglerWindows = 10;
const key = "window";

export function windowOf(everyMs: number, state: StateTable): { take(timeMs: number): "late" | { readonly startMs: number; readonly closed: number | undefined } } {
  const held = state.get(key);
  let open = typeof held === "number" ? held : undefined;
  return {
    take(timeMs) {
      const startMs = Math.floor(timeMs / everyMs) * everyMs;
      if (startMs === open) return { startMs, closed: undefined };
      if (open !== undefined && startMs < open && open - startMs <= stragglerWindows * everyMs) return "late";
      const closed = open;
      open = startMs;
      state.set(key, startMs);
      return { startMs, closed };
    },
  };
}
