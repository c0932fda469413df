/** Faults that several scenarios draw from. */
import type { Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { World } from "../world.ts";

/** Calls `act` again and again, at random times, until `untilMs`. */
export function repeat(world: World, random: SeededRandom, meanMs: number, untilMs: number, act: () => void): void {
  const next = (): void => {
    const atMs = world.nowMs + random.exponential(meanMs);
    if (atMs >= untilMs) return;
    world.at(atMs, () => {
      act();
      next();
    });
  };
  next();
}

/** At any moment, or exactly before or after one of the node's next port calls. */
export function crashSomehow(machine: Machine, random: SeededRandom): void {
  const kind = random.chance(0.7) ? "power" : "process";
  const bootAfterMs = 100 + random.exponential(2_000);
  if (random.chance(0.4)) machine.crash(kind, bootAfterMs);
  else machine.crashAtCall(machine.identity.calls + random.integer(1, 200), random.chance(0.5) ? "before" : "after", kind, bootAfterMs);
}
