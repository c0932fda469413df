/**
 * What nodes say of each other's clocks. A node's parent measures it, whose clock its own parent measures, up to here: what is told on the way is added up. The word of the parent that a node
 * hangs on counts; where that one said nothing, the two agree. What is wrong may be the clock here: then it is said of this one, and not of all others. Pure.
 */
import { isSet } from "../clock-set.ts";
import { limits } from "../limits.ts";
import { createClockRuns, type KeptRuns } from "./clock-runs.ts";

export interface ClockWords {
  /** By the word of a node above it, its clock is ahead of that one's (behind, if negative). `isSynced`: a time service has set it. `epoch`: in that run of it; what runs before recorded keeps what was known of them. `atMs`: when that was, by the node's clock; what it recorded before it was set keeps what was known, too. */
  said(teller: string, node: string, offMs: number, isSynced?: boolean, epoch?: string, atMs?: number): void;
  /** What it recorded in that run came in, in the order of its lane. */
  recorded(node: string, epoch: string): void;
  /** Runs before whose clock was another, to be known after a start. */
  runs(): readonly KeptRuns[];
  /** They were kept. */
  hadRuns(kept: KeptRuns): void;
  /** Each way in which its times differ from those here: now, and in runs before. */
  offs(node: string): readonly number[];
  /** Who hangs on whom has changed. */
  moved(): void;
  /** The clock here was set by so much, or the machine slept for so long: what is measured next says which, also of those that are away. */
  stepped(byMs: number): void;
  /** What is to be known after a start, too: words by which a clock is off. */
  all(): readonly { readonly teller: string; readonly node: string; readonly offMs: number }[];
  /** How far a node's clock is ahead of the one here, or was in that run of it, or when it had that time; undefined where nobody says that it differs. */
  off(node: string, epoch?: string, atMs?: number): number | undefined;
  /** How far the clock here is ahead of what it should be, by those it was measured against; undefined where nothing says that it differs. */
  own(here: ClockHere): number | undefined;
  /** How far a node's clock is ahead of what it should be: of the clock here, unless that one is wrong itself. */
  wrongBy(node: string, here: ClockHere): number | undefined;
}

export interface ClockHere {
  readonly wallMs: number;
  readonly isSynced: boolean;
}

interface Word {
  readonly offMs: number;
  readonly isSynced: boolean;
}

/** `parentOf`: the one that it was seen connected to last. */
export function createClockWords(self: string, parentOf: (node: string) => string | undefined): ClockWords {
  /** By node, then by teller, the newest last. */
  const words = new Map<string, Map<string, Word>>();
  /** As they were added up since the last word. */
  const sums = new Map<string, number>();
  /** Who was measured from here since this start. */
  const measuredHere = new Set<string>();
  const runs = createClockRuns((node) => ({ offMs: differs(offOf(node)) ?? 0, isKept: !isMeasured(node) }));
  let stepMs = 0;
  let own: { readonly isSynced: boolean; readonly isSet: boolean; readonly offMs: number } | undefined;

  function sumOf(node: string): number {
    if (node === self) return 0;
    const known = sums.get(node);
    if (known !== undefined) return known;
    sums.set(node, 0); // who is said to be below itself
    const tellers = words.get(node);
    const teller = parentOf(node) ?? [...(tellers?.keys() ?? [])].at(-1);
    const sum = teller === undefined ? 0 : (tellers?.get(teller)?.offMs ?? 0) + sumOf(teller);
    sums.set(node, sum);
    return sum;
  }

  /** Whether what is said of it rests on a measure of now, and not on what was kept. */
  function isMeasured(node: string): boolean {
    let at = node;
    for (let tiers = 0; tiers < limits.telemetryTiersMax; tiers++) {
      const teller = parentOf(at) ?? [...(words.get(at)?.keys() ?? [])].at(-1);
      if (teller === undefined) return false;
      if (teller === self) return measuredHere.has(at);
      at = teller;
    }
    return false;
  }

  function changed(): void {
    sums.clear();
    own = undefined;
  }

  const differs = (offMs: number): number | undefined => (Math.abs(offMs) < limits.clockOffMs ? undefined : offMs);
  const offOf = (node: string): number => (words.size === 0 ? 0 : sumOf(node));

  /** Those that are measured from here and that a time service has set say it; else most of those that are measured, this one counted with them. One against one says nothing, unless nobody can have set the clock here. */
  function measured(isSynced: boolean, wasSet: boolean): number {
    if (isSynced) return 0;
    const all = [...words].flatMap(([node, tellers]) => (node === self ? [] : [tellers.get(self) ?? []].flat()));
    const trusted = all.filter((word) => word.isSynced);
    const asked = (trusted.length > 0 ? trusted : all).map(({ offMs }) => offMs).sort((a, b) => a - b);
    const middle = asked[asked.length >> 1];
    if (middle === undefined || differs(middle) === undefined) return 0;
    const agreed = asked.filter((offMs) => differs(offMs - middle) === undefined).length;
    const others = trusted.length > 0 || !wasSet ? 0 : 1;
    return agreed > (asked.length + others) / 2 ? -middle : 0;
  }

  /** Whether this measure shows that the clock here was set: then those that are away, and cannot be measured, are off by so much less. */
  function settleStep(node: string, offMs: number): void {
    const before = words.get(node)?.get(self)?.offMs;
    if (before === undefined || stepMs === 0) return;
    const wasSet = differs(offMs - before + stepMs) === undefined;
    if (wasSet) {
      for (const tellers of words.values()) {
        const word = tellers.get(self);
        if (word !== undefined) tellers.set(self, { ...word, offMs: word.offMs - stepMs });
      }
      runs.stepped(stepMs);
      changed();
    }
    if (wasSet || differs(offMs - before) === undefined) stepMs = 0;
  }

  function ownOff({ wallMs, isSynced }: ClockHere): number {
    const wasSet = isSet(wallMs);
    if (own?.isSynced !== isSynced || own.isSet !== wasSet) own = { isSynced, isSet: wasSet, offMs: measured(isSynced, wasSet) };
    return own.offMs;
  }

  function put(teller: string, node: string, offMs: number, isSynced: boolean): void {
    const rounded = Math.round(offMs / 1_000) * 1_000;
    const tellers = words.get(node) ?? new Map<string, Word>();
    const before = tellers.get(teller);
    if (before?.offMs === rounded && before.isSynced === isSynced) return;
    tellers.delete(teller);
    // What is measured from here says of the clock here, too.
    if (teller === self || differs(rounded) !== undefined) tellers.set(teller, { offMs: rounded, isSynced });
    const [oldest] = tellers.keys();
    if (tellers.size > limits.telemetryTiersMax && oldest !== undefined) tellers.delete(oldest);
    if (tellers.size > 0) words.set(node, tellers);
    else words.delete(node);
    changed();
  }

  return {
    said(teller, node, offMs, isSynced = false, epoch = undefined, atMs = undefined) {
      if (epoch !== undefined) runs.said(node, epoch);
      if (teller === self) settleStep(node, offMs);
      if (teller === self && epoch !== undefined) measuredHere.add(node);
      put(teller, node, offMs, isSynced);
      if (epoch !== undefined && atMs !== undefined) runs.measured(node, epoch, differs(sumOf(node)) ?? 0, atMs);
    },
    moved: () => sums.clear(),
    stepped: (byMs) => void (stepMs += byMs),
    all: () => [...words].flatMap(([node, tellers]) => [...tellers].filter(([, { offMs }]) => differs(offMs) !== undefined).map(([teller, { offMs }]) => ({ teller, node, offMs }))),
    recorded: runs.recorded,
    runs: runs.kept,
    hadRuns: runs.had,
    offs: (node) => [differs(offOf(node)) ?? 0, ...runs.offs(node)],
    off(node, epoch, atMs) {
      const before = epoch === undefined && atMs === undefined ? undefined : runs.off(node, epoch, atMs);
      return differs(before ?? offOf(node));
    },
    own: (here) => differs(ownOff(here)),
    wrongBy: (node, here) => (node === self ? undefined : differs(offOf(node) + ownOff(here))),
  };
}
