/**
 * What a link may cost: bytes an hour, by price class. A token bucket (Turner, "New Directions in Communications", IEEE
 * Communications Magazine 24(10), 1986) that holds a sixth of an hour's budget and is filled with the other five sixths over an hour,
 * so that no hour, wherever it begins, takes more than the budget. Alarms do not wait: they borrow from what comes, within a bound.
 */

export const priceClasses = ["free", "metered", "expensive"] as const;
export type PriceClass = (typeof priceClasses)[number];

/** Bytes an hour where the configuration names none; `free` has no bound. */
export const defaultBudgetBytesPerHour: Readonly<Record<PriceClass, number | undefined>> = { free: undefined, metered: 256 << 20, expensive: 16 << 20 };

/** Parts of the budget: what the bucket holds, and what alarms may borrow. */
export const bucketShare = 1 / 6;
export const borrowShare = 1 / 10;
const hourMs = 3_600_000;

export interface BudgetStatus {
  readonly priceClass: PriceClass;
  /** Without a bound: undefined. */
  readonly bytesPerHour: number | undefined;
  /** May be sent now. */
  readonly availableBytes: number | undefined;
  /** Taken by alarms, and by what cannot wait, before its time. */
  readonly borrowedBytes: number;
  /** Charged so far. */
  readonly usedBytes: number;
}

export interface LinkBudget {
  /** Milliseconds until so much may be sent; 0 for now. More than the bucket holds may be sent when it is full. */
  waitMs(bytes: number, isAlarm: boolean, nowMs: number): number;
  /** Was sent or received: what could not wait (signs of life, marks) is charged too. */
  charge(bytes: number, nowMs: number): void;
  status(nowMs: number): BudgetStatus;
}

export function createLinkBudget(priceClass: PriceClass, bytesPerHour: number | undefined, startMs: number): LinkBudget {
  const budget = bytesPerHour ?? defaultBudgetBytesPerHour[priceClass];
  const capacity = (budget ?? Infinity) * bucketShare;
  const perMs = ((budget ?? 0) * (1 - bucketShare)) / hourMs;
  let level = capacity;
  let atMs = startMs;
  let usedBytes = 0;

  function fill(nowMs: number): void {
    if (budget !== undefined) level = Math.min(capacity, level + Math.max(0, nowMs - atMs) * perMs);
    atMs = Math.max(atMs, nowMs);
  }

  return {
    waitMs(bytes, isAlarm, nowMs) {
      if (budget === undefined) return 0;
      fill(nowMs);
      const floor = isAlarm ? -budget * borrowShare : 0;
      const missing = Math.min(bytes, capacity) + floor - level;
      return missing <= 0 ? 0 : Math.ceil(missing / perMs);
    },
    charge(bytes, nowMs) {
      fill(nowMs);
      level -= bytes;
      usedBytes += bytes;
    },
    status(nowMs) {
      fill(nowMs);
      return {
        priceClass,
        bytesPerHour: budget,
        availableBytes: budget === undefined ? undefined : Math.max(0, Math.floor(level)),
        borrowedBytes: Math.max(0, Math.ceil(-level)),
        usedBytes,
      };
    },
  };
}
