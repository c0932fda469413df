/** The figures of a simulated machine: how much it has is given, how busy it is a scenario says, and of its disk is free what its medium has left. */
import type { HostCapacity, HostStats } from "@holon/core/ports.ts";
import { hostFigures, type HostFigure } from "@holon/core/telemetry/host-figures.ts";
import type { DiskMedium } from "./disk.ts";
import type { Incarnation } from "./incarnation.ts";
import type { World } from "./world.ts";

/** What a machine is made of. */
export interface HostHabits extends Pick<HostCapacity, "powerSource" | "confines" | "accelerators"> {
  readonly processors: number;
  readonly memoryBytes: number;
  /** Execution providers that its model runtime has. Undefined: that cannot be found out. */
  readonly providers?: readonly string[];
}

const sampleMs = 0.1;
/** Each provider is tried, in a process of its own. */
const tryMs = 1_000;
/** Of the node's own process. */
const processBytes = 64 * 2 ** 20;

/** One machine's processors and memory: they outlive whatever runs on them. */
export class HostHardware {
  readonly habits: HostHabits;
  readonly #world: World;
  #busyMs = 0;
  #sinceMs: number;
  #busy = 0;
  /** Share of its memory that is in use. */
  memoryShare = 0.25;

  constructor(world: World, habits: HostHabits) {
    this.#world = world;
    this.habits = habits;
    this.#sinceMs = world.nowMs;
  }

  /** Share of its processors that is in use from now on, 0 to 1. */
  get busy(): number {
    return this.#busy;
  }

  set busy(share: number) {
    this.#count();
    this.#busy = share;
  }

  /** Milliseconds of all its processors together in which they were busy, since it was built. */
  get busyMs(): number {
    this.#count();
    return this.#busyMs;
  }

  #count(): void {
    this.#busyMs += (this.#world.nowMs - this.#sinceMs) * this.#busy;
    this.#sinceMs = this.#world.nowMs;
  }
}

export function createHostStats(incarnation: Incarnation, hardware: HostHardware, medium: DiskMedium): HostStats {
  const { world } = incarnation;
  const { processors, memoryBytes, providers, ...shown } = hardware.habits;
  const bootedWith = hardware.busyMs;
  let before: { readonly busyMs: number; readonly atMs: number; readonly percent: number | undefined } | undefined;

  /** Two samples at one moment tell nothing new: the last share stands. */
  function busyPercent(): number | undefined {
    const [busyMs, atMs] = [hardware.busyMs, world.nowMs];
    const percent = before === undefined ? undefined : atMs > before.atMs ? Math.min(100, (100 * (busyMs - before.busyMs)) / (atMs - before.atMs)) : (before.percent ?? 0);
    before = { busyMs, atMs, percent };
    return percent;
  }

  return {
    sample: () =>
      incarnation.call("host.sample", sampleMs, () => {
        const percent = busyPercent();
        const figures: Partial<Record<HostFigure, number | undefined>> = { cpuUserPercent: percent, cpuSystemPercent: percent === undefined ? undefined : 0, memoryUsedPercent: 100 * hardware.memoryShare, loadAverage: hardware.busy * processors };
        return Object.fromEntries(hostFigures.flatMap((name) => (figures[name] === undefined ? [] : [[name, figures[name]]])));
      }),
    capacity: () => incarnation.call("host.capacity", sampleMs, () => ({ processors, memoryBytes, ...shown, diskBytes: Math.max(0, medium.capacityBytes - medium.usedBytes) })),
    providers: () => incarnation.call("host.providers", tryMs, () => providers),
    // All that is busy on a simulated machine is its node.
    process: () => ({ processorSeconds: ((hardware.busyMs - bootedWith) * processors) / 1_000, memoryBytes: processBytes }),
  };
}
