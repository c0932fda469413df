/** What a function is handed of shared state: with its first batch all, with each later one what has changed since. */
import type { SharedView, UnitEvent, UnitResult } from "@holon/core/ports.ts";
import { counterValue } from "@holon/core/shared/counter.ts";
import type { SharedEntry, SharedStore, SharingApp } from "./store.ts";

export interface SharedInput {
  /** Whether the batch before changed something that is perhaps not on disk yet. */
  readonly isBehind: boolean;
  onto(events: readonly UnitEvent[]): readonly UnitEvent[];
  did(result: UnitResult): void;
}

export function openSharedInput(app: SharingApp, store: SharedStore): SharedInput {
  const declared = (app.shared ?? []).map(({ name, kind }) => [name, kind] as const);
  const kinds = new Map(declared);
  let seen: number | undefined;
  let isBehind = false;
  return {
    get isBehind() {
      return isBehind;
    },
    onto(events) {
      const [first, ...others] = events;
      const last = store.lastChange(app.name);
      if (declared.length === 0 || first === undefined || seen === last) return events;
      const since = seen ?? 0;
      const changed = store.entries(app.name).filter(({ key, change }) => change > since && kinds.get(key.name) === key.kind);
      const shared: SharedView = { ...(seen === undefined ? { declared } : {}), changed: changed.map((entry) => [entry.key.name, entry.key.key, valueOf(entry)]) };
      seen = last;
      return [{ ...first, shared }, ...others];
    },
    did: ({ shared }) => void (isBehind = shared !== undefined),
  };
}

function valueOf({ state }: SharedEntry): SharedView["changed"][number][2] {
  if (state.kind === "register") return state.text;
  if (state.kind === "counter") return counterValue(state);
  return [...state.elements].map(([text, dots]) => [text, [...dots]] as const);
}
