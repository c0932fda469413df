/** What goes on for as long as somebody listens: where its line breaks that is said, once, and it is tried again until it is back. */
import { setTimeout as sleep } from "node:timers/promises";
import { HolonError } from "@holon/core/errors.ts";

/** Of a line that breaks, of a node that is away, and of one that ends to begin anew. */
const brokenCodes: ReadonlySet<string> = new Set(["HOLON_API_UNREACHABLE", "HOLON_API_TIMEOUT", "HOLON_DIAGNOSIS_AWAY", "HOLON_CALL_TIMEOUT", "HOLON_CALL_BUSY", "HOLON_LINK_UNREACHABLE", "HOLON_LOG_CLOSED"]);
const [againMs, againMsMax] = [1_000, 10_000];

/**
 * `go` reads until its line ends, and calls `heard` with each answer. Where nothing answers the first time, that is an error: `HOLON_API_UNREACHABLE`. A node that is away is waited for from the beginning.
 */
export async function keepFollowing(go: (heard: () => void) => Promise<void>, ended: AbortSignal, say: (text: string) => void = (text) => void process.stderr.write(`${text}\n`)): Promise<void> {
  let wasHeard = false;
  let told: string | undefined;
  let waitMs = againMs;
  const heard = (): void => {
    if (told !== undefined) say("it is back");
    [wasHeard, told, waitMs] = [true, undefined, againMs];
  };
  while (!ended.aborted) {
    const problem = await go(heard).then(() => new HolonError("HOLON_API_UNREACHABLE", "the other end has ended this"), (error: unknown) => error);
    if (ended.aborted) return;
    if (!(problem instanceof HolonError) || !brokenCodes.has(problem.code) || (!wasHeard && problem.code !== "HOLON_DIAGNOSIS_AWAY")) throw problem;
    if (told !== problem.message) say(`${problem.message}; trying again`);
    told = problem.message;
    await sleep(waitMs, undefined, { signal: ended }).catch(() => undefined);
    waitMs = Math.min(againMsMax, 2 * waitMs);
  }
}
