/**
 * Who stands in line for the disk: which names its records will have if nothing before them fails. Told to whoever begins before the disk is done; a
 * name is a promise until then, and each promise is settled: kept, or not.
 */
import type { NewRecord, PackedRecords } from "@holon/core/log/log.ts";
import type { StreamName } from "@holon/core/schema/event.ts";

/** Of one append: valid once `settled` is true; if it is false, nothing of it is there under these names. */
export type LinedListener = (records: readonly NewRecord[], sequences: readonly number[], settled: Promise<boolean>) => void;

interface InLine {
  readonly records: readonly NewRecord[];
  readonly packed: PackedRecords | undefined;
}

export interface Line {
  /** An append has come to stand behind all others: what its records will be called. */
  follow(item: InLine): readonly number[];
  /** Something failed: those that still wait follow what is on the disk. */
  anew(waiting: readonly InLine[]): void;
}

/** `next` is the first sequence of a stream behind all that was encoded. */
export function createLine(next: (stream: StreamName) => number): Line {
  const behind = new Map<StreamName, number>();
  const take = (stream: StreamName, count: number): number => {
    const first = behind.get(stream) ?? next(stream);
    behind.set(stream, first + count);
    return first;
  };
  const follow = ({ records, packed }: InLine): readonly number[] => {
    const sequences = records.map(({ stream }) => take(stream, 1));
    if (packed !== undefined) take(packed.stream, packed.count);
    return sequences;
  };
  return {
    follow,
    anew(waiting) {
      behind.clear();
      for (const item of waiting) follow(item);
    },
  };
}
