import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { needsOfApp } from "@holon/core/placement/needs-of-app.ts";
import { nodeReportSchema } from "@holon/core/schema/node-report.ts";
import { delegationsOf } from "./delegation.ts";

const document = appDocumentSchema.parse({ name: "a", version: "1", models: [], functions: [{ name: "left", code: "ab".repeat(32), on: { type: "x.y" }, emits: {}, needs: { delegated: true, onIsolation: "stop" } }] });
const members = ["g1", "g2", "g3"];
const all = (diskBytes: number) => members.map((name) => [name, { name, site: "plant", tier: "gateway", jurisdiction: "EU", parent: null, api: null, startedAt: "", reported: undefined, inventory: nodeReportSchema.parse({ capacity: { processors: 2, memoryBytes: 4e9, diskBytes, asOfMs: diskBytes, source: "declared", sources: { diskBytes: "measured" } }, load: {}, providers: ["cpu"], prices: {}, power: {}, siblings: members.filter((other) => other !== name) }) }] as const);
const delegated = (diskBytes: number, held: ReadonlyMap<string, Desired>) => {
  const state = { nodes: new Map(all(diskBytes)), attested: new Set<string>() };
  const told = delegationsOf({ state, delegated: new Set(["a/left"]), nextVersion: (node) => (held.get(node)?.version ?? 0) + 1, apps: [needsOfApp(document)].filter((needs) => needs !== undefined), placements: [{ unit: "a/left", node: "g1" }], held });
  return new Map([...told].map(([node, delegation]) => [node, desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node, version: delegation.serial, plan: "p", apps: [], delegation })]));
};

test("a delegation stands while a disk fills a little, and follows what moved far", () => {
  const first = delegated(100e9, new Map());
  assert.deepEqual([first.size, first.get("g1")?.delegation?.serial], [3, 1]);
  assert.deepEqual(Object.keys(first.get("g1")?.delegation?.members[0]?.capacity ?? {}).sort(), ["diskBytes", "memoryBytes", "processors"], "nothing of how that is known");
  const later = delegated(90e9, first);
  assert.deepEqual(later, first, "nobody is told anew");
  const far = delegated(40e9, later).get("g2")?.delegation;
  assert.deepEqual([far?.serial, far?.members.map(({ capacity }) => capacity.diskBytes)], [2, [40e9, 40e9, 40e9]]);
});
