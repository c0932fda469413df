/** What a function is handed of shared state: with its first batch all, with each later one what has changed since. */
import type { SharedView, UnitEvent, UnitInstance } from "@holon/core/ports.ts";
import { sharedValue } from "@holon/core/shared/view.ts";
import type { HandedClass } from "../run/handed-class.ts";
import type { SharedStore, SharingApp } from "./store.ts";

/** A sandbox that is handed the view beside its events. `settled`: when what its batches gave is on disk. */
export function withShared(instance: UnitInstance, { app, shared: store, born }: { readonly app: SharingApp; readonly shared: SharedStore; readonly born: Pick<HandedClass, "take"> }, settled: () => Promise<unknown>): UnitInstance {
  const declared = (app.shared ?? []).map(({ name, kind }) => [name, kind] as const);
  if (declared.length === 0) return instance;
  const kinds = new Map(declared);
  let seen: number | undefined;
  let isBehind = false;

  function onto(events: readonly UnitEvent[]): readonly UnitEvent[] {
    const [first, ...others] = events;
    const last = store.lastChange(app.name);
    if (first === undefined || seen === last) return events;
    const since = seen ?? 0;
    const changed = store.entries(app.name).filter(({ key, change }) => change > since && kinds.get(key.name) === key.kind);
    const shared: SharedView = { ...(seen === undefined ? { declared } : {}), changed: changed.map(({ key, state }) => [key.name, key.key, sharedValue(state)]) };
    born.take(new Set(changed.map((entry) => entry.class)));
    seen = last;
    return [{ ...first, shared }, ...others];
  }

  return {
    async handle(events) {
      if (isBehind) await settled(); // a function sees what it did in the batch before
      const result = await instance.handle(onto(events));
      isBehind = result.shared !== undefined;
      return result;
    },
    stop: () => instance.stop(),
  };
}
