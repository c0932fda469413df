/** A function that has a sandbox only while it needs one: from what is stored when it is called, gone when it has been idle. */
import { HolonError } from "@holon/core/errors.ts";
import type { UnitEvent, UnitInstance, UnitResult } from "@holon/core/ports.ts";
import type { WarmMember, WarmPlace, WarmSet } from "./warm-set.ts";

export interface WarmInstance extends UnitInstance {
  /** Starts it ahead of its first call if there is room; fails as the start does. */
  prepare(): Promise<void>;
}

/** `start` gives a sandbox from what is stored by then, for a call with the events that are `first`. */
export const createWarmInstance = (name: string, start: (first?: readonly UnitEvent[]) => Promise<UnitInstance>, set: WarmSet): WarmInstance => new Comes(name, start, set);

/** A class, since each function has one: methods are shared. */
class Comes implements WarmInstance, WarmMember {
  readonly #name: string;
  readonly #start: (first?: readonly UnitEvent[]) => Promise<UnitInstance>;
  readonly #place: WarmPlace;
  #sandbox: Promise<UnitInstance> | undefined;
  #stopped = false;

  constructor(name: string, start: (first?: readonly UnitEvent[]) => Promise<UnitInstance>, set: WarmSet) {
    this.#name = name;
    this.#start = start;
    this.#place = set.join(name, this);
  }

  prepare(): Promise<void> {
    return this.#place.prepare();
  }

  async warm(): Promise<void> {
    await this.#open();
  }

  letGo(): void {
    void this.#end().catch(() => undefined); // it has been let go of; its end is not news
  }

  async handle(events: readonly UnitEvent[]): Promise<UnitResult> {
    await this.#place.enter();
    try {
      const result = await (await this.#open(events)).handle(events);
      this.#place.leave();
      return result;
    } catch (error) {
      await this.#end().catch(() => undefined);
      this.#place.give();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#place.give();
    await this.#end();
  }

  #open(first?: readonly UnitEvent[]): Promise<UnitInstance> {
    if (this.#stopped) throw new HolonError("HOLON_UNIT_DIED", `function ${this.#name} was stopped`);
    this.#sandbox ??= this.#start(first);
    this.#sandbox.catch(() => undefined); // told to each who waits for it
    return this.#sandbox;
  }

  async #end(): Promise<void> {
    const ended = this.#sandbox;
    this.#sandbox = undefined;
    await (await ended?.catch(() => undefined))?.stop();
  }
}
