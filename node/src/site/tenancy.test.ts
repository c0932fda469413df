import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createSpares } from "./spares.ts";
import { createTenancy } from "./tenancy.ts";

const unit = "pump/sum";
const members = ["g1", "g2", "g3"].map((name) => ({ name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", trust: "enrolled", providers: ["cpu"], capacity: {} }));
const document = (version: number, isLeft: boolean): Desired =>
  desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "g1", version, plan: "p", apps: [], ...(isLeft ? { delegation: { site: "plant", serial: version, members, units: [{ unit, home: "g2", needs: { name: "sum" } }] } } : {}) });

/** A member that has kept something of the unit, and no list of what was left to its site: it was a node of before. */
async function bed(context: TestContext) {
  const log = await openTempLog(tempFolder(context), { name: "g1" });
  context.after(() => log.close());
  const spares = createSpares({ log, guard: { mayShare: () => Promise.resolve(true) }, jurisdiction: "EU/DE", desired: () => undefined });
  await log.append({ cells: [spares.spareCell(unit, { id: [3, 7, 5], state: null, because: "it is raw" }), spares.tenureCell(unit, [3, 7])] });
  return { spares, tenancy: createTenancy(log, spares) };
}

test("what was kept by a node of before, of a unit that is left to its site, is of the present", async (context) => {
  const { spares, tenancy } = await bed(context);
  assert.deepEqual(await tenancy.reach(document(1, true)), []);
  assert.deepEqual([tenancy.has(unit), spares.of(unit)?.id], [true, [3, 7, 5]]);
});

test("of one that is not left to its site it is told, and gone when that is left to it again", async (context) => {
  const { spares, tenancy } = await bed(context);
  assert.deepEqual(await tenancy.reach(document(1, false)), [{ unit, id: [3, 7, 6] }]);
  assert.deepEqual(await tenancy.reach(document(2, true)), []);
  assert.deepEqual([tenancy.has(unit), spares.of(unit), spares.tenure(unit)], [true, undefined, null]);
});
