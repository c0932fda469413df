/** What runs that come to nothing are told to have used. */
import assert from "node:assert/strict";
import type { HolonError } from "@holon/core/errors.ts";
import type { UnitInstance, UnitUsage } from "@holon/core/ports.ts";
import { spentUntil } from "@holon/core/run/spent.ts";
import { eventsOf } from "@holon/sim/contracts/runner.ts";

/** Of the failure of its next batch. */
export async function spentBy(unit: UnitInstance): Promise<UnitUsage> {
  const failure: HolonError = await unit.handle(eventsOf(1)).then(() => assert.fail("it went through"), (error: HolonError) => error);
  await unit.stop();
  const spent = spentUntil(failure);
  assert.ok(spent !== undefined, `${failure.code} tells nothing of what was used`);
  return spent;
}

/** Works for long enough to be seen, and fails. */
export const worksAndFails = {
  timesOut: "for(;;);",
  throws: "for (let i = 0, x = 0; i < 3e7; i++) x += Math.sqrt(i); throw new Error('now');",
  fillsMemory: "const kept=[]; for(;;) kept.push(new Array(1e5).fill(event))",
};
