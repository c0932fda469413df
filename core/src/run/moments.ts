/**
 * The node's time as functions are given it where their app grants that: the wall clock, and a hybrid time over it (Kulkarni et al., "Logical
 * Physical Clocks", 2014) that goes on where the wall clock stands still or was set back.
 */
import type { Clock, UnitEvent, UnitInstance, UnitMoment } from "../ports.ts";

export interface Moments {
  /** Not before the arrival of any of these, nor before any moment so far. */
  next(events: readonly UnitEvent[]): UnitMoment;
}

export function createMoments(clock: Pick<Clock, "wall">): Moments {
  let last = { ms: 0, count: 0 };
  return {
    next(events) {
      const { ms, state } = clock.wall();
      const latest = events.reduce((most, { arrivedMs }) => Math.max(most, arrivedMs), ms);
      last = latest > last.ms ? { ms: latest, count: 0 } : { ms: last.ms, count: last.count + 1 };
      return { ms, state, hybrid: last };
    },
  };
}

/** A sandbox that is told the time with each batch. */
export const withMoments = (instance: UnitInstance, moments: Moments): UnitInstance => ({
  handle(events) {
    const [first, ...others] = events;
    return instance.handle(first === undefined ? events : [{ ...first, moment: moments.next(events) }, ...others]);
  },
  stop: () => instance.stop(),
});
