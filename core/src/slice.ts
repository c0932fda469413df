/** Long work in slices: thousands of things may come in at once, and who asks meanwhile is not to wait for all of them. */
import { limits } from "./limits.ts";
import type { Clock } from "./ports.ts";

export interface Slices {
  /** Work begins now. */
  begin(): void;
  /** To be awaited where it is more than nothing: the slice is over, and others are let in. */
  rest(): Promise<void> | undefined;
}

export function createSlices(clock: Clock, sliceMs: number = limits.sliceMs): Slices {
  let beganMs = 0;
  const begin = (): void => void (beganMs = clock.monotonicMs());
  return {
    begin,
    rest() {
      if (clock.monotonicMs() - beganMs < sliceMs) return undefined;
      return new Promise<void>((resolve) => void clock.after(0, resolve)).then(begin);
    },
  };
}
