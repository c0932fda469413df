/** Waiting for a condition, never for a time. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves with the first value that is not undefined or false; fails with the name if there is none before the bound. */
export async function until<T>(name: string, look: () => T | undefined | false | Promise<T | undefined | false>, boundMs = 120_000): Promise<T> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`never came true: ${name}`);
    await sleep(2);
  }
}
