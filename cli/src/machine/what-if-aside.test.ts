import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "@holon/core/json.ts";
import { planAll, type PlanInputs } from "@holon/core/placement/planner.ts";
import { inventorySchema } from "@holon/core/schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "@holon/core/schema/needs.ts";
import { keptPlanSchema } from "@holon/core/schema/plan.ts";
import { whatIfAskSchema } from "@holon/core/schema/what-if.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { whatIfAsked } from "@holon/sim/what-if/asked.ts";
import { createWhatIfAside } from "./what-if-aside.ts";

const nowMs = Date.UTC(2027, 0, 15);
/** A plan for so many nodes below a cloud, as control keeps it. */
function keptPlan(count: number): Uint8Array {
  const capacity = { processors: 4, memoryBytes: 4e9 };
  const below = Array.from({ length: count }, (_, index) => ({ name: `edge-${index}`, tier: "edge", site: `site-${index}`, jurisdiction: "EU/DE", capacity, uplink: { parent: "cloud", latencyMs: { value: 10, asOfMs: nowMs, source: "measured" } } }));
  const units = Array.from({ length: count }, (_, index) => ({ name: `sum-${index}`, processors: 1, tiers: ["edge"], sources: [{ site: `site-${index}`, bytesPerMonth: 1e9 }] }));
  const inputs: PlanInputs = { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes: [{ name: "cloud", tier: "cloud", site: "cloud", jurisdiction: "EU/DE", capacity }, ...below] }), apps: [appNeedsSchema.parse({ app: "pump", units })], nowMs, seed: 1 };
  return new TextEncoder().encode(canonicalJson({ plan: planAll(inputs, createCrypto()).plan, inputs }));
}
const small = keptPlan(3);
const ask = (more: object = {}) => whatIfAskSchema.parse({ hours: 48, ...more });
const ample = { ms: 600_000, megabytes: 256 };

test("beside control's thread it comes to the same as on it, one at a time; and what is no node is refused", async () => {
  const aside = createWhatIfAside(ample);
  const first = aside.run(small, ask({ lose: ["edge-1"] }));
  await assert.rejects(aside.run(small, ask()), hasCode("HOLON_SIM_BUSY", /under way/));
  assert.deepEqual(await first, whatIfAsked(keptPlanSchema.parse(JSON.parse(new TextDecoder().decode(small))), ask({ lose: ["edge-1"] })));
  await assert.rejects(aside.run(small, ask({ cut: ["nobody"] })), hasCode("HOLON_NODE_UNKNOWN", /no node nobody/));
  assert.equal((await aside.run(small, ask({ hours: 1 }))).hours, 1, "the next has its turn");
});

test("what takes too long, or too much memory, is ended and says so; whoever closes waits for nothing", async () => {
  const large = keptPlan(300);
  const year = ask({ hours: 8_784 });
  await assert.rejects(createWhatIfAside({ ms: 1, megabytes: 256 }).run(large, year), hasCode("HOLON_SIM_TOO_LARGE", /more than 0\.001 s/));
  await assert.rejects(createWhatIfAside({ ms: 600_000, megabytes: 12 }).run(large, year), hasCode("HOLON_SIM_TOO_LARGE", /more than 12 MB/));
  const aside = createWhatIfAside(ample);
  await assert.rejects(aside.run(large, year, { aborted: false, onAbort: (leave) => setImmediate(leave) }), hasCode("HOLON_INTERRUPTED"), "nobody waits for it any more");
  const cut = assert.rejects(aside.run(large, year), hasCode("HOLON_INTERRUPTED"));
  await aside.close();
  await cut;
});
