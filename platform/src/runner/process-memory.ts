/**
 * Watches what a process that holds functions takes beyond what their sandboxes count: formatters of Intl, buffers of a worker, whatever V8 takes from elsewhere. No count shows whose it is; it came while
 * somebody was at work, so each growth is shared among those who were.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** One function of the process. */
export interface Occupant {
  readonly name: string;
  readonly memoryBytesMax: number;
  /** As it was counted last; 0 while it was not. */
  weight(): number;
}

export interface ProcessMemoryOptions {
  /** Resident memory of this process. */
  readonly residentBytes?: () => number;
  /** What is there for all of them: the sessions of models. */
  readonly commonBytes: () => number;
  /** Too much: the process has to end, and this one is named. Undefined: whoever it was is gone. Called once. */
  over(id: number | undefined, error: HolonError): void;
}

interface Held {
  readonly occupant: Occupant;
  atWork: number;
  /** Whether it was at work since the last look. */
  worked: boolean;
  grownBytes: number;
}

/** Beside its heap, about what an isolate takes. */
const isolateBytes = 4 << 20;

export class ProcessMemory {
  readonly #options: ProcessMemoryOptions;
  readonly #residentBytes: () => number;
  readonly #held = new Map<number, Held>();
  #lastBytes: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: ProcessMemoryOptions) {
    this.#options = options;
    this.#residentBytes = options.residentBytes ?? (() => process.memoryUsage.rss());
    this.#lastBytes = this.#residentBytes();
  }

  open(id: number, occupant: Occupant): void {
    this.#held.set(id, { occupant, atWork: 0, worked: false, grownBytes: 0 });
  }

  close(id: number): void {
    this.#held.delete(id);
  }

  /** While this is at work, growth may be its. */
  async during<T>(id: number, work: Promise<T>): Promise<T> {
    const held = this.#held.get(id);
    if (held === undefined) return work;
    held.atWork += 1;
    held.worked = true;
    this.#timer ??= setInterval(() => this.look(), limits.processMemoryLookMs).unref();
    try {
      return await work;
    } finally {
      held.atWork -= 1;
    }
  }

  /** Until nobody has been at work since the last look. */
  look(): void {
    const bytes = this.#residentBytes();
    const all = [...this.#held.values()];
    const working = all.filter(({ worked }) => worked);
    for (const held of working) held.grownBytes = Math.max(0, held.grownBytes + (bytes - this.#lastBytes) / working.length);
    this.#lastBytes = bytes;
    for (const held of all) held.worked = held.atWork > 0;
    if (bytes > limits.processRoomBytes && bytes > this.#allowedBytes(all)) return this.#end(bytes);
    if (working.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Who is at work may take what it may, twice while it is collected. */
  #allowedBytes(all: readonly Held[]): number {
    return all.reduce((sum, { atWork, occupant }) => {
      const weight = occupant.weight();
      return sum + isolateBytes + (atWork > 0 || weight === 0 ? 2 * occupant.memoryBytesMax : weight);
    }, limits.processRoomBytes + this.#options.commonBytes());
  }

  #end(bytes: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    const [most] = [...this.#held].sort(([, a], [, b]) => b.grownBytes - a.grownBytes);
    const mebibytes = (of: number): number => Math.round(of / (1 << 20));
    if (most === undefined) return this.#options.over(undefined, new HolonError("HOLON_UNIT_INTERRUPTED", `a sandbox was interrupted: its process held ${mebibytes(bytes)} MiB for functions that are gone`));
    const [id, { occupant, grownBytes }] = most;
    const { name, memoryBytesMax } = occupant;
    const words = `function ${name} was ended: its process came to hold ${mebibytes(bytes)} MiB, ${mebibytes(grownBytes)} of them while it was at work; it may have ${mebibytes(memoryBytesMax)}, and its sandbox counts ${mebibytes(occupant.weight())}`;
    this.#options.over(id, new HolonError("HOLON_UNIT_DIED", words, { next: "Let it keep less of what lies outside of its heap: formatters of Intl are some 30 KiB each, so make one and use it again; of a worker, buffers." }));
  }
}
