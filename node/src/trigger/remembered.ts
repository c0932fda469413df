/** Answers to what was asked from elsewhere, by its id, so that what is asked again on another way is not handled twice. For as long as anybody can ask again. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { FunctionAnswer, OwnAnswer } from "./requests.ts";

/** One from elsewhere says its class where it is more than what was asked for. */
export type FoundAnswer = FunctionAnswer | OwnAnswer;

export interface Remembered {
  /** What was answered, or is being answered, under that id; else what `find` gives. `isForgotten`: of an error that says that it was not taken in. */
  answer(id: string, find: () => Promise<FoundAnswer>, isForgotten: (error: unknown) => boolean): Promise<FoundAnswer>;
  close(): void;
}

interface Row {
  readonly answer: Promise<FoundAnswer>;
  readonly timer: Timer;
  bytes: number;
  /** It was answered: only then may it be forgotten before its time, since what is asked again meanwhile is the same. */
  isDone: boolean;
}

export function createRemembered(clock: Pick<Clock, "after">): Remembered {
  const rows = new Map<string, Row>();
  let bytes = 0;

  function forget(id: string): void {
    const row = rows.get(id);
    if (row === undefined) return;
    row.timer.cancel();
    bytes -= row.bytes;
    rows.delete(id);
  }

  function hold(id: string, row: Row, body: unknown): void {
    if (rows.get(id) !== row) return;
    row.bytes = JSON.stringify(body ?? null).length;
    bytes += row.bytes;
    for (const [oldest, { isDone }] of rows) {
      if (bytes <= limits.requestsRememberedBytesMax) return;
      if (isDone) forget(oldest);
    }
  }

  return {
    answer(id, find, isForgotten) {
      const before = rows.get(id);
      if (before !== undefined) return before.answer;
      if (rows.size >= limits.requestsRememberedMax) {
        const oldest = [...rows].find(([, { isDone }]) => isDone)?.[0];
        if (oldest === undefined) return Promise.reject(new HolonError("HOLON_CALL_BUSY", `${rows.size} requests from elsewhere are being answered already`));
        forget(oldest);
      }
      const answer = find();
      const row: Row = { answer, timer: clock.after(limits.callDeadlineMsMax, () => forget(id)), bytes: 0, isDone: false };
      rows.set(id, row);
      const end = (act: () => void) => (): void => {
        row.isDone = true;
        act();
      };
      answer.then(({ body }) => end(() => hold(id, row, body))(), (error: unknown) => end(() => void (rows.get(id) === row && isForgotten(error) && forget(id)))());
      return answer;
    },
    close() {
      for (const id of [...rows.keys()]) forget(id);
    },
  };
}
