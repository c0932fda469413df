import { setTimeout as sleep } from "node:timers/promises";

/** Looks again and again until it is true; fails by name at the bound. */
export async function until(name: string, look: () => boolean | Promise<boolean>, { boundMs = 60_000, everyMs = 20 } = {}): Promise<void> {
  const endMs = performance.now() + boundMs;
  while (!(await look())) {
    if (performance.now() > endMs) throw new Error(`never came true in ${boundMs} ms: ${name}`);
    await sleep(everyMs);
  }
}
