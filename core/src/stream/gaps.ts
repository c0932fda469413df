/** Counters that were not heard, as exact ranges. */

/** Both ends included. Extended counters: counted on where the device's own wraps. */
export interface CounterRange {
  readonly first: number;
  readonly last: number;
}

/** As the device counts; `count` tells how long a range is that goes over the wrap. */
export interface DeviceRange extends CounterRange {
  readonly count: number;
}

export const toDeviceRange = ({ first, last }: CounterRange, bits: number): DeviceRange => ({
  first: toDeviceCounter(first, bits),
  last: toDeviceCounter(last, bits),
  count: last - first + 1,
});

export function toDeviceCounter(extended: number, bits: number): number {
  const span = 2 ** bits;
  return ((extended % span) + span) % span;
}

/** What lies between two counters that were heard one after the other. */
export const between = (lower: number, higher: number): CounterRange | undefined => (higher - lower > 1 ? { first: lower + 1, last: higher - 1 } : undefined);
