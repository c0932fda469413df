import { HolonError } from "@holon/core/errors.ts";
import type { UnitStatus } from "../run/unit.ts";

/** What is told of a unit that does not start by itself. */
export const heldStatus = (app: string, name: string, node: string, ends: number): UnitStatus => ({
  app,
  name,
  state: "held",
  status: undefined,
  handled: 0,
  emitted: 0,
  inferences: 0,
  inferenceMs: { p50: undefined, p99: undefined },
  restarts: 0,
  failed: 0,
  windows: undefined,
  lag: 0,
  problem: new HolonError("HOLON_UNIT_HELD", `held: ${node} ended ${ends} times while ${app}/${name} ran`).toJSON(),
});
