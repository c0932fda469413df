/**
 * What a unit does, on whichever node: each batch that its function is handed, and works on until it is done or ended, and each append of it, as of the moment at which the disk was asked. A unit that began is what acts from then on:
 * one that began before it and acts once more acts beside it.
 */
import type { Disk, DiskFile, Ports, Runner } from "@holon/core/ports.ts";
import type { Log } from "@holon/core/log/log.ts";

interface Began {
  readonly node: string;
  readonly atMs: number;
}

export class ActsWatch {
  readonly violations: string[] = [];
  /** Batches and appends that were seen. */
  acts = 0;
  readonly #unit: string;
  readonly #now: () => number;
  readonly #latest = new Map<string, Began>();
  readonly #askedMs = new Map<string, number>();
  #newest: Began | undefined;

  constructor(unit: string, now: () => number) {
    this.#unit = unit;
    this.#now = now;
  }

  /** Of one opening of a log. */
  attach(node: string, log: Log): void {
    log.onCommit(({ cells }) => {
      const began = this.#latest.get(node);
      const isMoved = cells.some((cell) => cell === `moved/${this.#unit}` || cell === `tenure/${this.#unit}`); // what comes with it, or is forgotten, the unit has not made
      if (began !== undefined && !isMoved && cells.includes(`position/${this.#unit}`)) this.#act(began, "stores what it made", this.#askedMs.get(node) ?? 0);
    });
  }

  ports(node: string, ports: Ports): Ports {
    return { ...ports, runner: this.#runner(node, ports.runner), disk: this.#disk(node, ports.disk) };
  }

  #runner(node: string, runner: Runner): Runner {
    return {
      ...runner,
      start: async (program, first) => {
        const instance = await runner.start(program, first);
        if (program.name !== this.#unit) return instance;
        const began: Began = { node, atMs: this.#now() };
        return {
          ...instance,
          handle: async (events) => {
            this.#latest.set(node, began);
            this.#act(began, "handles events", this.#now());
            const result = await instance.handle(events);
            this.#act(began, "is still at work", this.#now());
            return result;
          },
        };
      },
    };
  }

  #disk(node: string, disk: Disk): Disk {
    const watched = (file: DiskFile): DiskFile => ({
      ...file,
      writeThrough: (position, bytes) => {
        this.#askedMs.set(node, this.#now());
        return file.writeThrough(position, bytes);
      },
    });
    return { ...disk, open: async (path, options) => watched(await disk.open(path, options)) };
  }

  /** `atMs`: when it did. What is known of one that stood still meanwhile comes later. */
  #act(began: Began, what: string, atMs: number): void {
    this.acts += 1;
    const newest = this.#newest;
    if (newest === undefined || began.atMs >= newest.atMs) this.#newest = began;
    else if (newest.node !== began.node && atMs >= newest.atMs && this.violations.length < shown) this.violations.push(`at ${Math.round(atMs)} ms ${this.#unit} of ${began.node} ${what}, and began on ${newest.node} at ${Math.round(newest.atMs)} ms`);
  }
}

const shown = 5;
