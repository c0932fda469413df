/** Faults that several scenarios use. */
import type { Fleet, Machine } from "../fleet.ts";
import type { SeededRandom } from "../random.ts";
import type { World } from "../world.ts";

/** How often faults that come at random are planned, at most, until a reading was taken in under them. */
export const roundsMax = 5;

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

export function cutForAWhile({ net, world }: Fleet, random: SeededRandom, child: string, parent: string, untilMs: number): void {
  const manner = random.uniform();
  if (manner < 0.5) net.cut(child, parent, { reset: random.chance(0.4) });
  else if (manner < 0.7) net.cutOneWay(child, parent);
  else if (manner < 0.9) net.cutOneWay(parent, child);
  else net.isolate(child);
  const forMs = random.chance(0.2) ? random.exponential(20_000) : random.exponential(2_000);
  world.at(Math.min(untilMs, world.nowMs + forMs), () => {
    net.heal(child, parent);
    net.rejoin(child);
  });
}

/** Acts as soon as the machine runs. */
export function whenUp(world: World, machine: Machine, act: () => void): void {
  if (machine.subject !== undefined) act();
  else world.after(200, () => whenUp(world, machine, act));
}

/** Functions of all nodes that are up write events now and then, copies of nodes too. */
export function writeEvents({ world, members }: Fleet, random: SeededRandom, untilMs: number): void {
  let count = 0;
  repeat(world, random, 120, untilMs, () => {
    const machine = [...members.values()][random.integer(0, members.size - 1)]?.machine;
    const stream = random.pick(["data", "data", "data", "telemetry", "alarm"] as const);
    for (let left = random.chance(0.1) ? random.integer(5, 40) : random.integer(1, 3); left > 0; left--) {
      // One that goes down meanwhile has not acknowledged it.
      void machine?.subject?.emit?.(stream, { count: ++count, by: machine?.name }).catch(() => undefined);
    }
  });
}

/** At any moment, or exactly before or after one of the node's next port calls. */
export function crashSomehow(machine: Machine, random: SeededRandom): void {
  const kind = random.chance(0.7) ? "power" : "process";
  const bootAfterMs = 100 + random.exponential(2_000);
  if (random.chance(0.4)) machine.crash(kind, bootAfterMs);
  else machine.crashAtCall(machine.identity.calls + random.integer(1, 200), random.chance(0.5) ? "before" : "after", kind, bootAfterMs);
}

export function slowForAWhile(world: World, machine: Machine, random: SeededRandom): void {
  machine.medium.faults.slowness = random.between(5, 200);
  world.after(random.exponential(3_000), () => {
    machine.medium.faults.slowness = 1;
  });
}

/** A gateway whose disk holds little: small files, and `local` beyond a few of them may go. */
export const smallDisk = { segmentBytesMax: 16 << 10, streams: { local: { maxBytes: 48 << 10 } } } as const;

/** Gateways -> edge -> cloud, the gateways with devices. */
export function buildChain(fleet: Fleet, random: SeededRandom, options: { readonly gateways: number; readonly readingsPerSecond: number; readonly burstMax: number }): void {
  fleet.add({ name: "cloud", tier: "cloud", retention: { segmentBytesMax: 16 << 10, streams: {} } });
  fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", retention: smallDisk });
  for (let index = 1; index <= options.gateways; index++) {
    const devices = { readingsPerSecond: options.readingsPerSecond, burstChance: 0.2, burstMax: options.burstMax, markerEvery: random.integer(1, 20) };
    fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices, retention: smallDisk });
  }
}
