import type { NodeName } from "@holon/core/units.ts";
import type { Passport } from "./identity.ts";
import type { SeededRandom } from "./random.ts";
import type { Happening } from "./trace-hash.ts";
import type { World } from "./world.ts";

/** Called around every port call of a node; may crash it. `index` counts the node's port calls over all its incarnations, from 1. */
export interface CallHooks {
  /** The call has had no effect yet. */
  beforeCall?(index: number, call: Happening): void;
  /** The call has had its effect; its caller does not know yet. */
  afterCall?(index: number, call: Happening): void;
}

/** What outlives an incarnation: the node's place in the trace and its count of port calls. */
export interface Identity {
  /** The machine's. */
  readonly name: NodeName;
  /** What its certificate says it is, where that is not the machine's own name: a copy of another's disk says what the other says. */
  readonly proves?: NodeName;
  /** The node's number in the trace. */
  readonly number: number;
  calls: number;
  hooks: CallHooks;
  /** What it shows others and holds them to, in worlds where certificates have dates. */
  passport?: Passport;
}

/**
 * One life of a node, from boot to crash or close. When it is over, no call of it has an effect, no promise it waits for ever
 * settles and no timer or handler of it is called: for the world it is gone, whatever code still holds on to it.
 */
export class Incarnation {
  readonly world: World;
  readonly identity: Identity;
  #alive = true;
  /** What would have reached its code, while it is frozen. */
  #kept: { readonly isTimer: boolean; readonly callback: () => void }[] | undefined;

  constructor(world: World, identity: Identity) {
    this.world = world;
    this.identity = identity;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get name(): NodeName {
    return this.identity.name;
  }

  /** The name that the other end of a connection sees. */
  get proves(): NodeName {
    return this.identity.proves ?? this.identity.name;
  }

  end(): void {
    this.#alive = false;
  }

  get isFrozen(): boolean {
    return this.#kept !== undefined;
  }

  /** Its code stands still where it is; what its system does for it goes on. */
  freeze(): void {
    this.#kept ??= [];
  }

  /** What was kept reaches it now: timers in their order and all else in its own, one among the other by chance. */
  thaw(random: SeededRandom): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    const rows = [kept.filter(({ isTimer }) => isTimer), kept.filter(({ isTimer }) => !isTimer)] as const;
    while (rows[0].length + rows[1].length > 0) {
      const row = rows[0].length > 0 && (rows[1].length === 0 || random.chance(0.5)) ? rows[0] : rows[1];
      const next = row.shift();
      if (next !== undefined) this.world.after(0, () => void (this.#alive && this.reach(next.callback, next.isTimer)));
    }
  }

  /** All that the world says to its code goes through here. */
  reach(callback: () => void, isTimer = false): void {
    if (this.#kept === undefined) callback();
    else if (this.#alive) this.#kept.push({ isTimer, callback });
  }

  /** Begins a port call: its index, or 0 where the incarnation is over (perhaps by this very call). */
  enter(call: Happening, size = 0, check = 0): number {
    if (!this.#alive) return 0;
    const identity = this.identity;
    const index = ++identity.calls;
    this.world.note(identity.number, call, size, check);
    identity.hooks.beforeCall?.(index, call);
    return this.#alive ? index : 0;
  }

  /** Ends a port call after its effect: whether anybody is there to learn of it. */
  leave(index: number, call: Happening): boolean {
    if (!this.#alive) return false;
    this.identity.hooks.afterCall?.(index, call);
    return this.#alive;
  }

  /** A port call that takes `delayMs` and has its effect at the end of it. */
  call<T>(call: Happening, delayMs: number, effect: () => T, size = 0, check = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      const index = this.enter(call, size, check);
      if (index === 0) return;
      this.world.after(delayMs, () => {
        if (!this.#alive) return;
        let settle: () => void;
        try {
          const value = effect();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
        this.reach(() => void (this.leave(index, call) && settle()));
      });
    });
  }
}
