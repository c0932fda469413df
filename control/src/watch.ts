/**
 * What changes in the fleet, in order, for those who watch: nodes, apps, the policy, the plan.
 *
 * A watch that has seen nothing is told everything as it is, then each change. Changes are numbered within one life of control and the last of them are kept, so that
 * a watch that broke goes on behind what it had. One that is too far behind, or was of another life, is told so (`reset`) and then everything: none is missed either way.
 */
import type { ServerEvent, StopSignal } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

export const watchedKinds = ["node", "app", "policy", "plan"] as const;
export type WatchedKind = (typeof watchedKinds)[number];

export interface WatchedRow {
  readonly kind: WatchedKind;
  readonly name: string;
  /** It has changed where one of these is another than before. */
  readonly of: readonly unknown[];
  readonly value: () => unknown;
}

interface Change {
  readonly kind: WatchedKind;
  readonly event: "put" | "remove";
  /** Made when it is sent: of most changes nobody takes any. */
  readonly data: () => unknown;
}

export interface Watching {
  /** To be called when something may have changed. Where nobody watches, and nobody did who could still come back, it does nothing. */
  look(): void;
  /** `HOLON_WATCH_FULL`. */
  watch(kinds: readonly WatchedKind[], lastEventId: string | undefined, signal: StopSignal): AsyncGenerator<ServerEvent>;
  close(): void;
}

/** `life`: another one at each start. */
export function createWatching(life: string, rows: () => readonly WatchedRow[]): Watching {
  const seen = new Map<string, WatchedRow>();
  const kept: Change[] = [];
  const sleepers = new Set<() => void>();
  /** Number of the change that was made last. */
  let latest = 0;
  let watchers = 0;
  /** The change that was last when the last watch ended. */
  let leftAt = -Infinity;
  let closed = false;

  const idOf = (change: number): string => `${life}-${change}`;
  const wake = (): void => {
    for (const sleeper of sleepers) sleeper();
    sleepers.clear();
  };
  const tell = (change: Change): void => {
    latest += 1;
    kept.push(change);
    if (kept.length > limits.watchChangesMax) kept.shift();
  };
  /** Where a watch stands that had this last; undefined where it must be told everything. */
  function positionOf(lastEventId: string | undefined): number | undefined {
    const number = lastEventId?.startsWith(`${life}-`) === true ? Number(lastEventId.slice(life.length + 1)) : Number.NaN;
    return Number.isSafeInteger(number) && number >= 0 && number <= latest ? number : undefined;
  }

  function look(): void {
    if (watchers === 0 && latest - leftAt > limits.watchChangesMax) return; // nobody who comes could go on behind what was seen
    const before = latest;
    const present = new Set<string>();
    for (const row of rows()) {
      const key = `${row.kind}/${row.name}`;
      present.add(key);
      const known = seen.get(key);
      seen.set(key, row);
      if (known !== row && (known === undefined || known.of.some((part, at) => part !== row.of[at]))) tell({ kind: row.kind, event: "put", data: () => told(row) });
    }
    for (const [key, { kind, name }] of seen) {
      if (present.has(key)) continue;
      seen.delete(key);
      tell({ kind, event: "remove", data: () => ({ kind, name }) });
    }
    if (latest !== before) wake();
  }

  async function* follow(kinds: readonly WatchedKind[], lastEventId: string | undefined, signal: StopSignal): AsyncGenerator<ServerEvent> {
    let at = positionOf(lastEventId);
    let rouse: () => void = () => undefined;
    signal.onAbort(() => {
      sleepers.delete(rouse);
      rouse();
    });
    while (!signal.aborted && !closed) {
      if (at === undefined || at < latest - kept.length) {
        const [rowsNow, now] = [[...seen.values()], latest];
        yield { id: "", event: "reset", data: {} }; // what is told until `synced` is no place to go on from
        for (const row of rowsNow) if (kinds.includes(row.kind)) yield { event: "put", data: told(row) };
        yield { id: idOf(now), event: "synced", data: { version: idOf(now) } };
        at = now;
        continue;
      }
      if (at < latest) {
        const change = kept[kept.length - (latest - at)];
        at += 1;
        if (change !== undefined && kinds.includes(change.kind)) yield { id: idOf(at), event: change.event, data: change.data() };
        continue;
      }
      await new Promise<void>((resolve) => {
        sleepers.add((rouse = resolve));
      });
    }
  }

  return {
    look,
    async *watch(kinds, lastEventId, signal) {
      if (watchers >= limits.watchersMax) throw new HolonError("HOLON_WATCH_FULL", `${watchers} watch already`);
      watchers += 1;
      try {
        look();
        yield* follow(kinds, lastEventId, signal);
      } finally {
        watchers -= 1;
        if (watchers === 0) leftAt = latest;
      }
    },
    close() {
      closed = true;
      wake();
    },
  };
}

const told = ({ kind, name, value }: WatchedRow): object => ({ kind, name, value: value() });
