import type { Epoch } from "@holon/core/units.ts";

/** Records of a lane that are not here. The epoch is that of the records behind them. */
export interface MissingRange {
  readonly first: number;
  readonly last: number;
  readonly epoch: Epoch;
  readonly reason: "expired" | "damaged";
}
