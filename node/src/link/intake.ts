/**
 * The way of children's runs into the log: only so much is handed over at a time; alarms go first, then one turn of each child after
 * the other (deficit round robin without the deficit: Shreedhar and Varghese, SIGCOMM 1995), so that a week's backlog does not stand
 * before a small one. What waits here is bounded by the children's credit.
 */
import { limits } from "@holon/core/limits.ts";
import type { CreditKind } from "@holon/core/link/admission.ts";
import type { Merge } from "@holon/core/log/merge.ts";
import type { ForeignRun } from "../log/commit.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Intake {
  /** Resolves, when the runs are on disk or refused, with how each met what is held. In order for one session and urgency. */
  append(session: number, runs: readonly ForeignRun[], urgency: CreditKind): Promise<readonly Merge[]>;
}

interface Item {
  readonly runs: readonly ForeignRun[];
  /** Runs handed over so far. */
  next: number;
  readonly merges: Promise<readonly Merge[]>[];
  resolve(merges: Promise<readonly Merge[]>): void;
}

export function createIntake(log: Pick<SegmentLog, "appendRuns">): Intake {
  const alarms: Item[] = [];
  /** By session, in the order of their turns. */
  const turns = new Map<number, Item[]>();
  let handedOver = 0;

  function handOver(): void {
    // Alarms do not ask how much is under way: their own credit bounds them.
    for (let item = alarms.shift(); item !== undefined; item = alarms.shift()) while (!turnOf(item));
    while (handedOver < limits.linkIntakeBytesMax) {
      const first = turns.entries().next().value;
      if (first === undefined) return;
      const [session, items] = first;
      turns.delete(session);
      const [item] = items;
      if (item !== undefined && turnOf(item)) items.shift();
      if (items.length > 0) turns.set(session, items); // behind all others
    }
  }

  /** Hands one turn of it over; says whether that was the last. */
  function turnOf(item: Item): boolean {
    const from = item.next;
    let bytes = 0;
    for (let run = item.runs[item.next]; run !== undefined && (bytes === 0 || bytes + run.bytes.length <= limits.linkIntakeTurnBytes); run = item.runs[item.next]) {
      bytes += run.bytes.length;
      item.next += 1;
    }
    handedOver += bytes;
    const merges = log.appendRuns(item.runs.slice(from, item.next));
    item.merges.push(merges);
    void makeRoomAfter(merges, bytes);
    if (item.next < item.runs.length) return false;
    item.resolve(Promise.all(item.merges).then((all) => all.flat()));
    return true;
  }

  async function makeRoomAfter(merges: Promise<unknown>, bytes: number): Promise<void> {
    await Promise.allSettled([merges]);
    handedOver -= bytes;
    handOver();
  }

  return {
    append(session, runs, urgency) {
      if (runs.length === 0) return Promise.resolve([]);
      return new Promise((resolve) => {
        const item: Item = { runs, next: 0, merges: [], resolve };
        if (urgency === "alarm") alarms.push(item);
        else if (turns.get(session)?.push(item) === undefined) turns.set(session, [item]);
        handOver();
      });
    },
  };
}
