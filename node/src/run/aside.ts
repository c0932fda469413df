import type { HolonError } from "@holon/core/errors.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { UnitResult } from "@holon/core/ports.ts";

/** What is stored in place of a result that could not be had. */
export interface Aside {
  readonly aside: { readonly records: readonly NewRecord[]; readonly cells: readonly CellChange[]; readonly error: HolonError | undefined };
}

export const asideOf = (result: UnitResult | (UnitResult & Aside)): Aside["aside"] => ("aside" in result ? result.aside : { records: [], cells: [], error: undefined });
