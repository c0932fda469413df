/**
 * Sends entries in order where one that is bad makes all be refused that go with it: what was refused is halved until the one is found, and the others go. No entry that was taken goes again, also where it is
 * ended in between: how far it came is told after each part.
 *
 *     [ a b c d ] refused ─▶ [ a b ] taken ─▶ [ c ] refused: set aside ─▶ [ d ] taken
 */
import { limits } from "@holon/core/limits.ts";

export interface Halving<Entry> {
  /** `bad`: for something in it. Fails where it is to be tried again, with what was not told to be through. */
  send(part: readonly Entry[]): Promise<"taken" | "bad">;
  /** All through this one were sent or set aside, and more are to come. */
  through(entry: Entry): Promise<void>;
  aside(part: readonly Entry[]): void;
}

/** Kept from try to try: among so many of the first that are still to go is something bad, as far as is known. */
export interface Halved {
  bad: number | undefined;
}

/** At `limits.otlpHalvingsMax` requests what is refused is set aside as it is: a collector that refuses everything is not asked about each record. */
export async function sendHalving<Entry>(entries: readonly Entry[], { send, through, aside }: Halving<Entry>, halved: Halved): Promise<void> {
  let from = 0;
  for (let requests = 1; from < entries.length; requests += 1) {
    const part = entries.slice(from, halved.bad === undefined ? entries.length : from + Math.ceil(halved.bad / 2));
    const outcome = await send(part);
    if (outcome === "bad" && part.length > 1 && requests < limits.otlpHalvingsMax) {
      halved.bad = part.length;
      continue;
    }
    if (outcome !== "taken") aside(part);
    from += part.length;
    halved.bad = halved.bad === undefined || part.length >= halved.bad ? undefined : halved.bad - part.length;
    const last = part.at(-1);
    if (last !== undefined && from < entries.length) await through(last);
  }
}
