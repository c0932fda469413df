/** Puts those who were turned away into the trail: the first at once, then how many more. */
import { createCounted } from "@holon/core/counted.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, TurnedAway } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";

export interface Refusals {
  turnedAway(who: TurnedAway): void;
  close(): void;
}

export function createRefusals(log: Pick<Log, "append">, events: Events, clock: Clock, failed: (error: unknown) => void): Refusals {
  const counted = createCounted<TurnedAway>(clock, ({ code, message, proved, claimed }, count) => {
    const record = events.record({ stream: "audit", type: "holon.link.refused", class: "public", producer: "link", data: { code, message, proved: proved ?? null, claimed: claimed ?? null, count } });
    log.append({ records: [record] }).catch(failed);
  });
  return {
    // By code and proved name: names that were only said are anybody's to make up.
    turnedAway: (who) => counted.came(`${who.code}/${who.proved ?? ""}`, who),
    close: () => counted.close(),
  };
}
