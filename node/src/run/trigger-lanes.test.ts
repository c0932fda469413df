import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { epochFromChance } from "@holon/core/units.ts";
import type { Guard } from "../policy/guard.ts";
import { nodeName } from "../testing/sim-family.ts";
import { triggerLanes } from "./trigger-lanes.ts";

const [self, other] = [nodeName("gateway-1"), nodeName("gateway-2")];
const app = appDocumentSchema.parse({ name: "totals", version: "1", functions: [], models: [], egress: [] });
const lanes: readonly Lane[] = [self, other].flatMap((origin) => (["local", "data", "audit"] as const).map((stream): Lane => ({ origin, stream })));
const epoch = epochFromChance(new Uint8Array(13));
const heads = new Map(lanes.map((lane) => [laneName(lane), { lane, mark: { epoch, sequence: 9, hash: "ab".repeat(32) } }]));
const guard: Pick<Guard, "lowered" | "mayExport"> = { mayExport: () => true, lowered: (_unit, from) => from };
const of = (handed?: (origin: string) => boolean) => {
  const unit = triggerLanes({ on: { type: "pump.minute" } }, { app, log: { origin: self, heads: () => heads }, guard, handed });
  return unit.now().map(laneName);
};

test("a unit with needs is handed what its own node made, too, whichever app made it", () => {
  assert.deepEqual(of(() => true), ["gateway-1/local", "gateway-1/data", "gateway-2/data"]);
});

test("where it names sources, its own node is one of them or is none", () => {
  assert.deepEqual(of((origin) => origin === other), ["gateway-1/local", "gateway-2/data"]);
  assert.deepEqual(of((origin) => origin === self), ["gateway-1/local", "gateway-1/data"]);
});

test("one without needs is handed what its own app makes there, and nothing else", () => assert.deepEqual(of(), ["gateway-1/local"]));
