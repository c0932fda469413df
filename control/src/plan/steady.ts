import { limits } from "@holon/core/limits.ts";

/** What was measured before stands as long as it is about right. */
export const steady = (before: number | undefined, now: number): number => (before !== undefined && Math.abs(before - now) <= limits.inventoryChange * Math.max(before, now) ? before : Math.round(now));
