/** Answers to what was asked from elsewhere, by its id, so that what is asked again on another way is not handled twice. For as long as anybody can ask again. */
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { FunctionAnswer, OwnAnswer } from "./requests.ts";

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
    for (const [oldest] of rows) {
      if (bytes <= limits.requestsRememberedBytesMax) return;
      forget(oldest);
    }
  }

  return {
    answer(id, find, isForgotten) {
      const before = rows.get(id);
      if (before !== undefined) return before.answer;
      const answer = find();
      const row: Row = { answer, timer: clock.after(limits.callDeadlineMsMax, () => forget(id)), bytes: 0 };
      rows.set(id, row);
      answer.then(({ body }) => hold(id, row, body), (error: unknown) => void (rows.get(id) === row && isForgotten(error) && forget(id)));
      const [oldest] = rows.keys();
      if (rows.size > limits.requestsRememberedMax && oldest !== undefined) forget(oldest);
      return answer;
    },
    close() {
      for (const id of [...rows.keys()]) forget(id);
    },
  };
}
