/**
 * The simulated world's scheduler: one virtual clock, one queue of events, no real time and no chance but the seed's.
 *
 * Invariants:
 * - An event runs only when every promise chain that the events before it set going has come to rest.
 * - Events run by time, then by order of scheduling; the same seed gives the same order.
 * - While real work is awaited (`outside`), virtual time stands still and no event runs. A world that stands still by itself is told, not waited for.
 */
import { assert } from "@holon/core/errors.ts";
import { EventQueue, type Scheduled } from "./event-queue.ts";
import { SeededRandom } from "./random.ts";
import { TraceHash, type Happening } from "./trace-hash.ts";

/** Why a run came back. */
export type RunEnd = "condition" | "time" | "idle";

export interface RunUntil {
  /** Checked before each event. */
  readonly condition?: () => boolean;
  /** Virtual time at which to stop; the clock then stands there. */
  readonly timeMs?: number;
}

/**
 * Events started per turn of the real event loop. Node runs all microtasks to rest between two immediates of the same turn
 * (documented since version 11), which is what makes one turn carry many events.
 */
const eventsPerTurnMax = 512;
/** Many runs are over after a few events, and what was queued for more is work for nothing. */
const eventsPerTurnFirst = 8;
/** More at one moment than any fleet has to do at once: somebody waits for no time at all, for ever. */
const eventsAtOnceMax = 20_000_000;

export class World {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly trace = new TraceHash();
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #events = 0;
  #eventsNow = 0;
  #outside = 0;
  #running = false;
  #resume: (() => void) | undefined;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(`holon/${seed}`);
  }

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that ran so far. */
  get events(): number {
    return this.#events;
  }

  /** Events waiting. */
  get pending(): number {
    return this.#queue.size;
  }

  at(timeMs: number, callback: () => void): Scheduled {
    return this.#queue.push(timeMs > this.#nowMs ? timeMs : this.#nowMs, callback);
  }

  after(delayMs: number, callback: () => void): Scheduled {
    return this.at(this.#nowMs + delayMs, callback);
  }

  cancel(entry: Scheduled): void {
    this.#queue.cancel(entry);
  }

  /** Puts a happening at a port into the trace. */
  note(node: number, happening: Happening, size = 0, check = 0): void {
    this.trace.add(this.#nowMs, node, happening, size, check);
  }

  /** Resolves after `delayMs` of virtual time. Somebody else must drive the world. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Holds virtual time while real work runs, for example the loading of a module. Its result must depend on its input alone. */
  async outside<T>(work: Promise<T>): Promise<T> {
    this.#outside += 1;
    try {
      return await work;
    } finally {
      this.#outside -= 1;
      // The awaiting code goes on in microtasks queued after this one; the next event comes a macrotask later.
      if (this.#outside === 0) this.#resume?.();
    }
  }

  /** Drives the world. Rejects with whatever a callback throws. */
  run(until: RunUntil = {}): Promise<RunEnd> {
    assert(!this.#running, "the world is already running");
    this.#running = true;
    return new Promise<RunEnd>((resolve, reject) => {
      let ended = false;
      const finish = (act: () => void): void => {
        ended = true;
        this.#running = false;
        this.#resume = undefined;
        act();
      };
      const step = (): void => {
        if (ended || this.#outside > 0) return;
        try {
          const end = this.#step(until);
          if (end !== undefined) finish(() => resolve(end));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      let turnQueued = false;
      let eventsPerTurn = eventsPerTurnFirst;
      const queueTurn = (): void => {
        if (turnQueued) return;
        turnQueued = true;
        setImmediate(turn);
      };
      const turn = (): void => {
        turnQueued = false;
        if (ended || this.#outside > 0) return;
        for (let index = 0; index < eventsPerTurn; index++) setImmediate(step);
        eventsPerTurn = Math.min(2 * eventsPerTurn, eventsPerTurnMax);
        queueTurn();
      };
      this.#resume = queueTurn;
      queueTurn();
    });
  }

  /** Drives the world until `work` has settled, and gives its result. Fails where the world comes to rest, or the time, before that. */
  async drive<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    const end = await this.run({ condition: () => outcome !== undefined, timeMs: this.#nowMs + limitMs });
    assert(outcome !== undefined, `the simulated work did not end: the world is at ${end}, ${this.#nowMs} ms`);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  #step(until: RunUntil): RunEnd | undefined {
    if (until.condition?.() === true) return "condition";
    const next = this.#queue.peek();
    if (next === undefined) {
      if (until.timeMs === undefined) return "idle";
      this.#nowMs = Math.max(this.#nowMs, until.timeMs);
      return until.condition === undefined ? "time" : "idle";
    }
    if (until.timeMs !== undefined && next.timeMs > until.timeMs) {
      this.#nowMs = until.timeMs;
      return "time";
    }
    const callback = this.#queue.pop();
    this.#eventsNow = next.timeMs === this.#nowMs ? this.#eventsNow + 1 : 0;
    assert(this.#eventsNow < eventsAtOnceMax, `virtual time stands still at ${next.timeMs} ms`);
    this.#nowMs = next.timeMs;
    this.#events += 1;
    callback?.();
    return undefined;
  }
}
