/**
 * Under what a unit runs that may run in one place only. A process may stand still, or its machine sleep, for longer than a lease, and the unit begin elsewhere meanwhile: what is asked before
 * such a pause says nothing behind it. So it is asked right before each batch, and by the log right before each write.
 */
import type { Append, Log } from "@holon/core/log/log.ts";

/** A name of the lease that holds now, another one for each that followed one that was over; undefined while none does. */
export type UnitTenure = () => string | undefined;

/** Appends what is asked for under a lease while that one holds. */
export const logUnder = (log: Log, tenure: UnitTenure | undefined): Pick<Log, "append" | "cell" | "heads"> => ({
  cell: (key) => log.cell(key),
  heads: () => log.heads(),
  append: (entry) => log.append(entryUnder(entry, tenure, tenure?.())),
});

/** `of`: the lease under which it was made. */
export const entryUnder = (entry: Append, tenure: UnitTenure | undefined, of: string | undefined): Append => (tenure === undefined ? entry : { ...entry, may: () => of !== undefined && tenure() === of });
