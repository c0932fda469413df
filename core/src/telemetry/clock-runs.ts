/**
 * With which clock a node recorded what it did before it was started anew: a run has the clock that was known of it, whatever the next one has. Most runs agree: what all but a few have is kept
 * once, and the few by their epochs. A run in which the clock was set has stretches. Pure.
 */
import { limits } from "../limits.ts";
import { createStretches, type Stretch } from "./clock-stretches.ts";

/** What is kept of a node's runs over a start of the one here. */
export interface KeptRuns {
  readonly node: string;
  /** The newest that is known. */
  readonly epoch: string;
  /** Of all others that are not named: ahead of the clock here, in milliseconds. */
  readonly offMs: number;
  readonly others: readonly (readonly [epoch: string, offMs: number])[];
  /** Of runs in which the clock was set: before it was. */
  readonly stretches?: readonly Stretch[] | undefined;
}

export interface ClockRuns {
  /** What is said of its clock from now on is so of this run. */
  said(node: string, epoch: string): void;
  /** It was found to be ahead by so much in that run, at a time of its own clock. */
  measured(node: string, epoch: string, offMs: number, atMs: number): void;
  /** What it recorded in that run came in, in the order of its lane. */
  recorded(node: string, epoch: string): void;
  /** How far its clock was ahead in a run before, or at a time by itself before it was set; undefined for what it is now, and where no other is known. Without a run: in the newest. */
  off(node: string, epoch: string | undefined, atMs?: number): number | undefined;
  /** All that runs before had. */
  offs(node: string): readonly number[];
  /** The clock here was set by so much: what was measured since the start was measured against the one before. */
  stepped(byMs: number): void;
  kept(): readonly KeptRuns[];
  had(kept: KeptRuns): void;
}

interface Off {
  readonly offMs: number;
  /** It was known before this start, by the clock that was here then. */
  readonly isKept: boolean;
}

interface Runs {
  /** The newest, of which what is said now is so. */
  newest: string | undefined;
  /** Whose records came last, and whether others came before. */
  lane: string | undefined;
  hasOthers: boolean;
  /** Of the runs before that are not named. */
  rest: Off | undefined;
  readonly named: Map<string, Off>;
  readonly stretches: ReturnType<typeof createStretches>;
}

const isSame = (one: Off, other: Off): boolean => Math.abs(one.offMs - other.offMs) < limits.clockOffMs;

/** `now`: what is known of a node's clock at this moment. */
export function createClockRuns(now: (node: string) => Off): ClockRuns {
  const all = new Map<string, Runs>();

  function runsOf(node: string): Runs {
    let runs = all.get(node);
    if (runs === undefined) all.set(node, (runs = { newest: undefined, lane: undefined, hasOthers: false, rest: undefined, named: new Map(), stretches: createStretches() }));
    return runs;
  }

  /** Another run has begun: the one before keeps what is known of it now. */
  function begin(runs: Runs, node: string, epoch: string): void {
    const { newest } = runs;
    runs.newest = epoch;
    if (newest === undefined && !runs.hasOthers && (runs.lane ?? epoch) === epoch) return; // the first that is known
    const off = now(node);
    runs.rest ??= off;
    if (newest === undefined || isSame(off, runs.rest)) return;
    runs.named.set(newest, off);
    const [oldest] = runs.named;
    if (runs.named.size <= limits.clockRunsMax || oldest === undefined) return;
    runs.named.delete(oldest[0]);
    runs.rest = oldest[1];
  }

  return {
    said(node, epoch) {
      const runs = runsOf(node);
      if (runs.newest !== epoch) begin(runs, node, epoch);
    },
    recorded(node, epoch) {
      const runs = runsOf(node);
      const { lane, newest } = runs;
      if (lane === epoch) return;
      runs.lane = epoch;
      if (lane === undefined) return;
      runs.hasOthers = true;
      // Of one that has more to tell of runs before, the newest is known already by the word of the node above it.
      if (lane === newest) begin(runs, node, epoch);
    },
    measured: (node, epoch, offMs, atMs) => runsOf(node).stretches.measured(epoch, offMs, atMs),
    off(node, epoch, atMs) {
      const runs = all.get(node);
      if (runs === undefined) return undefined;
      const of = epoch ?? runs.newest;
      const before = atMs === undefined || of === undefined ? undefined : runs.stretches.off(of, atMs);
      return before ?? (of === undefined || runs.newest === of ? undefined : (runs.named.get(of) ?? runs.rest)?.offMs);
    },
    offs(node) {
      const runs = all.get(node);
      return runs === undefined ? [] : [...(runs.rest === undefined ? [] : [runs.rest]), ...runs.named.values(), ...runs.stretches.all()].map(({ offMs }) => offMs);
    },
    stepped(byMs) {
      const moved = (off: Off): Off => (off.isKept ? off : { ...off, offMs: off.offMs - byMs });
      for (const runs of all.values()) {
        runs.rest &&= moved(runs.rest);
        for (const [epoch, off] of runs.named) runs.named.set(epoch, moved(off));
        runs.stretches.stepped(byMs);
      }
    },
    kept: () =>
      [...all].flatMap(([node, { newest, rest = now(node), named, stretches: { all: before } }]) => {
        if (newest === undefined || (named.size === 0 && before().length === 0 && isSame(rest, now(node)))) return [];
        return [{ node, epoch: newest, offMs: rest.offMs, others: [...named].map(([epoch, { offMs }]) => [epoch, offMs] as const), ...(before().length === 0 ? {} : { stretches: before() }) }];
      }),
    had({ node, epoch, offMs, others, stretches = [] }) {
      const runs = runsOf(node);
      runs.newest = epoch;
      runs.rest = { offMs, isKept: true };
      for (const [other, otherMs] of others) runs.named.set(other, { offMs: otherMs, isKept: true });
      runs.stretches.had(stretches);
    },
  };
}
