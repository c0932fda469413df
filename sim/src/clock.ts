import type { Clock, ClockState, Timer } from "@holon/core/ports.ts";
import type { Incarnation } from "./incarnation.ts";
import type { World } from "./world.ts";

/** Wall-clock time at which every world begins: 2026-01-01T00:00:00Z. */
export const worldBeginsMs = 1_767_225_600_000;

/** A node's clock hardware: it outlives crashes, and its faults can be set at any time. */
export class ClockHardware {
  readonly #world: World;
  /** Parts per million by which this oscillator runs fast (or slow, if negative). Fixed for a node's life. */
  readonly driftPpm: number;
  state: ClockState = "synced";
  #wallOffsetMs: number;

  constructor(world: World, options: { readonly driftPpm?: number; readonly wallOffsetMs?: number } = {}) {
    this.#world = world;
    this.driftPpm = options.driftPpm ?? 0;
    this.#wallOffsetMs = options.wallOffsetMs ?? 0;
  }

  /** Ticks of the oscillator per millisecond of the world. */
  get rate(): number {
    return 1 + this.driftPpm / 1e6;
  }

  wallMs(): number {
    return Math.floor(worldBeginsMs + this.#world.nowMs * this.rate + this.#wallOffsetMs);
  }

  /** Moves wall-clock time, forwards or backwards. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** The battery is empty: wall-clock time begins again at 1970 and nobody trusts it. */
  resetTo1970(): void {
    this.#wallOffsetMs -= this.wallMs();
    this.state = "unknown";
  }

  /** A trusted time was seen. */
  synchronise(): void {
    this.#wallOffsetMs = -this.#world.nowMs * (this.rate - 1);
    this.state = "synced";
  }
}

/** The clock port of one incarnation. Monotonic time begins anew, somewhere else, at each boot. */
export function createClock(incarnation: Incarnation, hardware: ClockHardware, startMs: number): Clock {
  const { world } = incarnation;
  const { rate } = hardware;
  const bootMs = world.nowMs;
  let frozenMs: number | undefined;
  const monotonicAt = (worldMs: number): number => startMs + (worldMs - bootMs) * rate;
  return {
    monotonicMs: () => {
      if (!incarnation.alive) return (frozenMs ??= monotonicAt(world.nowMs));
      return monotonicAt(world.nowMs);
    },
    wall: () => ({ ms: hardware.wallMs(), state: hardware.state }),
    after: (delayMs, callback): Timer => {
      if (!incarnation.alive) return { cancel: () => {} };
      const nowMs = monotonicAt(world.nowMs);
      const dueMs = nowMs + Math.max(0, delayMs);
      let atMs = bootMs + (dueMs - startMs) / rate;
      // Rounding must not let a timer call early by the node's own clock; and a delay that is less than the clock can tell is some time all
      // the same: or who waits for the rest of a time would wait for nothing again and again, and the world stand still.
      const isEarly = (ms: number): boolean => ms < dueMs || (delayMs > 0 && ms <= nowMs);
      while (isEarly(monotonicAt(atMs))) atMs += Math.max(atMs, 1) * Number.EPSILON;
      const entry = world.at(atMs, () => {
        if (!incarnation.alive) return;
        world.note(incarnation.identity.number, "timer");
        callback();
      });
      return { cancel: () => world.cancel(entry) };
    },
  };
}
