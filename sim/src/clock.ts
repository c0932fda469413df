import type { Clock, ClockState, Timer } from "@holon/core/ports.ts";
import type { Scheduled } from "./event-queue.ts";
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
  #sleptMs = 0;
  #sleepsSinceMs: number | undefined;

  constructor(world: World, options: { readonly driftPpm?: number; readonly wallOffsetMs?: number } = {}) {
    this.#world = world;
    this.driftPpm = options.driftPpm ?? 0;
    this.#wallOffsetMs = options.wallOffsetMs ?? 0;
  }

  /** The machine sleeps: monotonic time stands still, wall-clock time does not. */
  sleep(): void {
    this.#sleepsSinceMs ??= this.#world.nowMs;
  }

  wake(): void {
    this.#sleptMs = this.sleptMs;
    this.#sleepsSinceMs = undefined;
  }

  /** Of the world, so far. */
  get sleptMs(): number {
    return this.#sleptMs + (this.#sleepsSinceMs === undefined ? 0 : this.#world.nowMs - this.#sleepsSinceMs);
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
  const sleptBeforeMs = hardware.sleptMs;
  const elapsedAt = (worldMs: number): number => startMs + (worldMs - bootMs) * rate;
  const monotonicAt = (worldMs: number): number => elapsedAt(worldMs - (hardware.sleptMs - sleptBeforeMs));
  return {
    monotonicMs: () => {
      if (!incarnation.alive) return (frozenMs ??= monotonicAt(world.nowMs));
      return monotonicAt(world.nowMs);
    },
    elapsedMs: () => elapsedAt(world.nowMs),
    wall: () => ({ ms: hardware.wallMs(), state: hardware.state }),
    after: (delayMs, callback): Timer => {
      if (!incarnation.alive) return { cancel: () => {} };
      const nowMs = monotonicAt(world.nowMs);
      const dueMs = nowMs + Math.max(0, delayMs);
      let isCancelled = false;
      let entry = schedule();
      function schedule(): Scheduled {
        const sleptMs = hardware.sleptMs - sleptBeforeMs;
        let atMs = bootMs + sleptMs + (dueMs - startMs) / rate;
        // Rounding must not let a timer call early by the node's own clock; and a delay that is less than the clock can tell is some time all
        // the same: or who waits for the rest of a time would wait for nothing again and again, and the world stand still.
        const isEarly = (ms: number): boolean => ms < dueMs || (delayMs > 0 && ms <= nowMs);
        while (isEarly(monotonicAt(atMs))) atMs += Math.max(atMs, 1) * Number.EPSILON;
        return world.at(atMs, ring);
      }
      function ring(): void {
        if (!incarnation.alive) return;
        incarnation.reach(() => {
          if (isCancelled) return;
          if (monotonicAt(world.nowMs) < dueMs) return void (entry = schedule()); // the machine slept
          world.note(incarnation.identity.number, "timer");
          callback();
        }, true);
      }
      return {
        cancel() {
          isCancelled = true;
          world.cancel(entry);
        },
      };
    },
  };
}
