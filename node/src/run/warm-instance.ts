/** A function that has a sandbox only while it needs one: from what is stored when it is called, gone when it has been idle. */
import { HolonError } from "@holon/core/errors.ts";
import type { UnitEvent, UnitInstance } from "@holon/core/ports.ts";
import type { WarmSet } from "./warm-set.ts";

export interface WarmInstance extends UnitInstance {
  /** Starts it ahead of its first call if there is room; fails as the start does. */
  prepare(): Promise<void>;
}

/** `start` gives a sandbox from what is stored by then, for a call with the events that are `first`. */
export function createWarmInstance(name: string, start: (first?: readonly UnitEvent[]) => Promise<UnitInstance>, set: WarmSet): WarmInstance {
  let sandbox: Promise<UnitInstance> | undefined;
  let stopped = false;
  const end = async (): Promise<void> => {
    const ended = sandbox;
    sandbox = undefined;
    await (await ended?.catch(() => undefined))?.stop();
  };
  const open = (first?: readonly UnitEvent[]): Promise<UnitInstance> => {
    if (stopped) throw new HolonError("HOLON_UNIT_DIED", `function ${name} was stopped`);
    sandbox ??= start(first);
    sandbox.catch(() => undefined); // told to each who waits for it
    return sandbox;
  };
  const place = set.join({
    async warm() {
      await open();
    },
    letGo: () => void end().catch(() => undefined), // it has been let go of; its end is not news
  });
  return {
    prepare: () => place.prepare(),
    async handle(events) {
      await place.enter();
      try {
        const result = await (await open(events)).handle(events);
        place.leave();
        return result;
      } catch (error) {
        await end().catch(() => undefined);
        place.give();
        throw error;
      }
    },
    async stop() {
      stopped = true;
      place.give();
      await end();
    },
  };
}
