/** Puts those who were turned away into the trail: the first at once, then how many more, so that nobody fills the disk by knocking. */
import type { Log } from "@holon/core/log/log.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, TurnedAway } from "@holon/core/ports.ts";
import type { Events } from "../event/events.ts";

export interface Refusals {
  turnedAway(who: TurnedAway): void;
  close(): void;
}

interface Kind {
  last: TurnedAway;
  count: number;
  readonly timer: Timer;
}

export function createRefusals(log: Pick<Log, "append">, events: Events, clock: Clock, failed: (error: unknown) => void): Refusals {
  /** By code and proved name: names that were only said are anybody's to make up. */
  const kinds = new Map<string, Kind>();

  function tell({ code, message, proved, claimed }: TurnedAway, count: number): void {
    const record = events.record({ stream: "audit", type: "holon.link.refused", class: "public", producer: "link", data: { code, message, proved: proved ?? null, claimed: claimed ?? null, count } });
    log.append({ records: [record] }).catch(failed);
  }

  return {
    turnedAway(who) {
      const key = kinds.size < limits.refusalsToldMax ? `${who.code}/${who.proved ?? ""}` : "";
      const known = kinds.get(`${who.code}/${who.proved ?? ""}`) ?? kinds.get(key);
      if (known !== undefined) {
        known.last = who;
        known.count += 1;
        return;
      }
      tell(who, 1);
      const timer = clock.after(limits.refusalTellMs, () => {
        const kind = kinds.get(key);
        kinds.delete(key);
        if (kind !== undefined && kind.count > 0) tell(kind.last, kind.count);
      });
      kinds.set(key, { last: who, count: 0, timer });
    },
    close() {
      for (const { last, count, timer } of kinds.values()) {
        timer.cancel();
        if (count > 0) tell(last, count);
      }
      kinds.clear();
    },
  };
}
