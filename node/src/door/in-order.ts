/**
 * Appends of one source, in their order, several on their way at a time. Where the disk is full those on their way fall together; the first of them is tried until
 * there is room, and then all others go on as before.
 */
import type { Append, AppendLine, Log } from "@holon/core/log/log.ts";

export interface InOrderOptions {
  readonly log: Pick<Log, "append">;
  isFull(error: unknown): boolean;
  /** Tries until there is room. */
  whenThereIsRoom(entry: Append): Promise<readonly number[]>;
}

interface Waiting {
  readonly number: number;
  readonly entry: Append;
  resolve(sequences: readonly number[]): void;
  reject(error: unknown): void;
}

/** What it returns resolves when the entry is on disk, with the sequence of each of its records. How many wait is bounded by who hands them over. */
export function createInOrder({ log, isFull, whenThereIsRoom }: InOrderOptions): (entry: Append) => Promise<readonly number[]> {
  let line: AppendLine = { failure: undefined };
  let onTheWay = 0;
  let count = 0;
  /** Fell, or came behind one that did. */
  const fallen: Waiting[] = [];

  function send(waiting: Waiting): void {
    onTheWay += 1;
    log
      .append({ ...waiting.entry, line })
      .then(waiting.resolve, (error: unknown) => void (isFull(error) ? fallen.push(waiting) : waiting.reject(error)))
      .finally(() => {
        onTheWay -= 1;
        if (onTheWay === 0 && line.failure !== undefined) void goOn();
      });
  }

  /** When all of a line that failed have fallen. */
  async function goOn(): Promise<void> {
    fallen.sort((one, other) => one.number - other.number);
    const first = fallen.shift();
    if (first !== undefined) await whenThereIsRoom(first.entry).then(first.resolve, first.reject);
    line = { failure: undefined };
    for (const waiting of fallen.splice(0)) send(waiting);
  }

  return (entry) =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = { number: count++, entry, resolve, reject };
      if (line.failure === undefined) send(waiting);
      else fallen.push(waiting);
    });
}
