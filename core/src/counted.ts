/** What comes again and again is told at once, then once in a while with how often it came since: nobody fills a disk by knocking. */
import { limits } from "./limits.ts";
import type { Clock, Timer } from "./ports.ts";

export interface Counted<What> {
  /** Again of the same kind: the last is told for all of them. */
  came(kind: string, what: What): void;
  /** Tells what was counted. */
  close(): void;
}

interface Kind<What> {
  last: What;
  count: number;
  readonly timer: Timer;
}

/** Kinds beyond `limits.refusalsToldMax` are counted as one. */
export function createCounted<What>(clock: Pick<Clock, "after">, tell: (what: What, count: number) => void): Counted<What> {
  const kinds = new Map<string, Kind<What>>();
  return {
    came(kind, what) {
      const key = kinds.has(kind) || kinds.size < limits.refusalsToldMax ? kind : rest;
      const known = kinds.get(key);
      if (known !== undefined) {
        known.last = what;
        known.count += 1;
        return;
      }
      tell(what, 1);
      const timer = clock.after(limits.refusalTellMs, () => {
        const over = kinds.get(key);
        kinds.delete(key);
        if (over !== undefined && over.count > 0) tell(over.last, over.count);
      });
      kinds.set(key, { last: what, count: 0, timer });
    },
    close() {
      for (const { last, count, timer } of kinds.values()) {
        timer.cancel();
        if (count > 0) tell(last, count);
      }
      kinds.clear();
    },
  };
}

/** No kind. */
const rest = "";
