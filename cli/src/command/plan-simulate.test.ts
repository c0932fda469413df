import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { planAll, type PlanInputs } from "@holon/core/placement/planner.ts";
import { inventorySchema } from "@holon/core/schema/inventory.ts";
import { placementPolicySchema } from "@holon/core/schema/needs.ts";
import { keptPlanSchema } from "@holon/core/schema/plan.ts";
import { whatIfAskSchema } from "@holon/core/schema/what-if.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { serveRoutes } from "@holon/platform/http.ts";
import { connectApi } from "../client.ts";
import { simulateThere } from "./plan-simulate.ts";

test("where control is of a version that does not simulate, it is done here; what it refuses otherwise stays refused", async (context) => {
  const inputs: PlanInputs = { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes: [{ name: "cloud", tier: "cloud", site: "cloud", jurisdiction: "EU/DE", capacity: {} }] }), apps: [], nowMs: 0, seed: 1 };
  const { plan } = planAll(inputs, createCrypto());
  const server = await serveRoutes({ address: "127.0.0.1:0", routes: [{ method: "GET", path: "/v1/plan/inputs", summary: "", answer: keptPlanSchema, handle: () => Promise.resolve({ status: 200, body: { plan, inputs } }) }], token: "secret", title: "t", version: "1" });
  context.after(() => server.close());
  const ask = whatIfAskSchema.parse({ hours: 2 });
  const report = await simulateThere(await connectApi({ api: server.address, data: "", token: "secret" }), ask);
  assert.deepEqual([report.plan, report.hours, report.nodes], [plan.hash, 2, 1]);
  await assert.rejects(simulateThere(await connectApi({ api: server.address, data: "", token: "another" }), ask), (error) => error instanceof HolonError && error.code === "HOLON_API_UNAUTHORISED");
});
