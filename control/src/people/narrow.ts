import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** Lets so much work through at a time that it stays within its memory. `HOLON_LOGIN_BUSY` where too much waits already. */
export function createNarrow(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limits.passwordsAtATimeMax) {
      if (waiting.length >= limits.passwordsWaitingMax) throw new HolonError("HOLON_LOGIN_BUSY", `${waiting.length} passwords wait to be looked at`, { retryAfterMs: 1_000 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // takes this one's place
    }
  };
}
