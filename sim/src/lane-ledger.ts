import { exportableStreams } from "@holon/core/schema/event.ts";
import { laneName, type Lane, type Log } from "@holon/core/log/log.ts";
import type { EpochRange } from "./checkers/accounting.ts";

/** Keeps, outside a node, which records its log acknowledged, by lane. Sees each commit after it is durable. */
export class LaneLedger {
  readonly #ranges = new Map<string, { epoch: string; first: number; last: number }[]>();

  /** Watches one opening of a log. What it held before is not acknowledged again: it may be an unacknowledged tail. */
  attach(log: Log): void {
    const heads = new Map<string, number>();
    for (const stream of exportableStreams) {
      const lane: Lane = { origin: log.origin, stream };
      heads.set(laneName(lane), log.head(lane)?.sequence ?? 0);
    }
    log.onCommit(({ lanes }) => {
      for (const lane of lanes) {
        const name = laneName(lane);
        const before = heads.get(name);
        const now = log.head(lane)?.sequence;
        if (before === undefined || now === undefined || now <= before) continue;
        heads.set(name, now);
        this.#add(name, log.epoch, before + 1, now);
      }
    });
  }

  of(lane: string): readonly EpochRange[] {
    return this.#ranges.get(lane) ?? [];
  }

  #add(lane: string, epoch: string, first: number, last: number): void {
    const ranges = this.#ranges.get(lane) ?? [];
    this.#ranges.set(lane, ranges);
    const end = ranges.at(-1);
    if (end?.epoch === epoch && end.last + 1 === first) end.last = last;
    else ranges.push({ epoch, first, last });
  }
}
