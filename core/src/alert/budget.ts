/**
 * The error budget of one objective, and how fast it burns: multi-window, multi-burn-rate alerts as in the Site Reliability Workbook (Google, 2018), chapter 5, table 5-8. Of a period of
 * thirty days: 2 % of the budget within an hour or 5 % within six call somebody, 10 % within three days are a ticket; each holds only while the last twelfth of its window burns as fast,
 * so that it ends soon after the burning does. What comes late is put where it belongs.
 */
import { z } from "zod";
import { limits } from "../limits.ts";

export interface BurnRule {
  readonly severity: "page" | "ticket";
  /** How many times faster than would just spend the budget. */
  readonly burn: number;
  /** Of the period. */
  readonly part: number;
}

export const burnRules: readonly BurnRule[] = [
  { severity: "page", burn: 14.4, part: 1 / 720 },
  { severity: "page", burn: 6, part: 1 / 120 },
  { severity: "ticket", burn: 1, part: 1 / 10 },
];

export interface Burn {
  readonly severity: "page" | "ticket";
  readonly threshold: number;
  readonly longMs: number;
  readonly shortMs: number;
  /** Null where nothing is known of that time. */
  readonly long: number | null;
  readonly short: number | null;
  /** In the long window. */
  readonly events: number;
  readonly isBurning: boolean;
}

export interface Spent {
  readonly good: number;
  readonly total: number;
  /** Part of the budget that is left; below 0 where more was spent. Null where nothing is known. */
  readonly left: number | null;
  /** From when on something is known. */
  readonly sinceMs: number | undefined;
}

export interface Budget {
  add(startMs: number, endMs: number, good: number, total: number): void;
  burns(nowMs: number): readonly Burn[];
  spent(nowMs: number): Spent;
  /** Takes back what begins after that time. */
  cut(afterMs: number): void;
  /** To be kept and gone on from. */
  kept(): KeptBudget;
}

const shortOfLong = 12;
/** Steps in which a window is counted: five in its short part. */
const stepsOfWindow = 60;
const partsKept = [...burnRules.map(({ part }) => part), 1];

export const keptBudgetSchema = z.array(z.array(z.tuple([z.int(), z.number(), z.number()])));
export type KeptBudget = z.infer<typeof keptBudgetSchema>;

export interface BudgetOptions {
  readonly target: number;
  readonly periodMs: number;
  /** Fewer events in a window say nothing of it; without it `limits.objectiveEventsMin`. */
  readonly eventsMin?: number;
  readonly kept?: KeptBudget;
}

/** One bad event alone is chance, unless it was declared that the first one counts. */
const badMin = (eventsMin: number): number => (eventsMin === 1 ? 0 : 1.5);

export function createBudget({ target, periodMs, eventsMin = limits.objectiveEventsMin, kept = [] }: BudgetOptions): Budget {
  const rings = partsKept.map((part, index) => createRing((periodMs * part) / stepsOfWindow, kept[index] ?? []));
  const allowed = 1 - target;
  const rate = (good: number, total: number): number | null => (total <= 0 ? null : (total - good) / total / allowed);

  return {
    add: (startMs, endMs, good, total) => rings.forEach((ring) => ring.add(startMs, endMs, good, total)),
    burns: (nowMs) =>
      burnRules.map(({ severity, burn, part }, index) => {
        const longMs = periodMs * part;
        const shortMs = longMs / shortOfLong;
        const over = (spanMs: number) => rings[index]?.sum(nowMs - spanMs, nowMs) ?? { good: 0, total: 0 };
        const [ofLong, ofShort] = [over(longMs), over(shortMs)];
        const [long, short] = [rate(ofLong.good, ofLong.total), rate(ofShort.good, ofShort.total)];
        const isEnough = Math.round(ofLong.total) >= eventsMin && ofLong.total - ofLong.good >= badMin(eventsMin);
        return { severity, threshold: burn, longMs, shortMs, long, short, events: ofLong.total, isBurning: isEnough && long !== null && short !== null && long >= burn && short >= burn };
      }),
    spent(nowMs) {
      const { good, total, sinceMs } = rings.at(-1)?.sum(nowMs - periodMs, nowMs) ?? { good: 0, total: 0, sinceMs: undefined };
      const used = rate(good, total);
      return { good, total, left: used === null ? null : 1 - used, sinceMs };
    },
    cut: (afterMs) => rings.forEach((ring) => ring.cut(afterMs)),
    kept: () => rings.map((ring) => ring.kept()),
  };
}

interface Ring {
  add(startMs: number, endMs: number, good: number, total: number): void;
  sum(fromMs: number, toMs: number): { readonly good: number; readonly total: number; readonly sinceMs: number | undefined };
  cut(afterMs: number): void;
  kept(): [number, number, number][];
}

function createRing(widthMs: number, kept: KeptBudget[number]): Ring {
  const slots = new Map<number, { good: number; total: number }>(kept.map(([slot, good, total]) => [slot, { good, total }]));
  let newest = Math.max(-Infinity, ...slots.keys());

  function put(slot: number, good: number, total: number): void {
    if (slot <= newest - stepsOfWindow - 1) return; // behind all that is looked at
    const at = slots.get(slot) ?? { good: 0, total: 0 };
    slots.set(slot, { good: at.good + good, total: at.total + total });
    if (slot <= newest) return;
    newest = slot;
    for (const old of slots.keys()) if (old <= newest - stepsOfWindow - 1) slots.delete(old);
  }

  return {
    add(startMs, endMs, good, total) {
      const spanMs = Math.max(1, endMs - startMs);
      const first = Math.floor(startMs / widthMs);
      const last = Math.max(first, Math.ceil(endMs / widthMs) - 1);
      if (last - first <= stepsOfWindow) {
        for (let slot = first; slot <= last; slot++) {
          const share = last === first ? 1 : (Math.min(endMs, (slot + 1) * widthMs) - Math.max(startMs, slot * widthMs)) / spanMs;
          put(slot, good * share, total * share);
        }
      } else for (let slot = last - stepsOfWindow; slot <= last; slot++) put(slot, (good * widthMs) / spanMs, (total * widthMs) / spanMs);
    },
    sum(fromMs, toMs) {
      let [good, total] = [0, 0];
      let sinceMs: number | undefined;
      for (const [slot, at] of slots) {
        if ((slot + 1) * widthMs <= fromMs || slot * widthMs >= toMs) continue;
        good += at.good;
        total += at.total;
        sinceMs = Math.min(sinceMs ?? Infinity, slot * widthMs);
      }
      return { good, total, sinceMs };
    },
    cut(afterMs) {
      for (const slot of slots.keys()) if (slot * widthMs > afterMs) slots.delete(slot);
      newest = Math.max(-Infinity, ...slots.keys());
    },
    kept: () => [...slots].map(([slot, { good, total }]) => [slot, good, total]),
  };
}
