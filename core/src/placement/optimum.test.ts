/** Small plans against an exact solver: the same costs and bounds as a mixed-integer program. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { planAll } from "./planner.ts";
import { programOf } from "./program.ts";
import { smallInstance } from "./by-chance.ts";
import { loadHighs } from "./testing/highs.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const feasibleWanted = Number(process.env["HOLON_PLANNER_INSTANCES"] ?? 20);

test(`${feasibleWanted} random instances: 95 in 100 within 2 % of the optimum, all within 10 %, and a plan wherever there is one`, async () => {
  const highs = await loadHighs();
  const gaps: number[] = [];
  let infeasible = 0;
  for (let seed = 1; gaps.length < feasibleWanted; seed++) {
    const instance = smallInstance(seed);
    const planned = planAll(instance, tools);
    const solved = highs.solve(programOf(planned));
    if (solved.Status === "Infeasible") {
      infeasible++;
      assert.ok(planned.plan.unplaced.length > 0, `seed ${seed}: a plan where there is none`);
      continue;
    }
    assert.equal(solved.Status, "Optimal", `seed ${seed}`);
    assert.equal(planned.plan.unplaced.length, 0, `seed ${seed}: no plan where there is one`);
    const gap = (planned.plan.costPerMonth - solved.ObjectiveValue) / Math.abs(solved.ObjectiveValue);
    assert.ok(gap > -1e-6, `seed ${seed}: ${planned.plan.costPerMonth} is below the optimum ${solved.ObjectiveValue}: the program is not the planner's question`);
    gaps.push(gap);
  }
  const inOrder = gaps.toSorted((a, b) => a - b);
  const at = (share: number): number => inOrder[Math.ceil(share * inOrder.length) - 1] ?? Number.NaN;
  assert.ok(infeasible > 0, "some instances have no plan at all");
  assert.ok(at(0.95) <= 0.02 && at(1) <= 0.1, `p95 ${at(0.95)}, worst ${at(1)}`);
});
