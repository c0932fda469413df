import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { placesOf } from "./app-places.ts";

test("a revoked node is no place of a part, and is told as left out", () => {
  const document = appDocumentSchema.parse({ name: "beat", version: "1", sources: [{ kind: "host", name: "host", type: "beat.reading", rateHz: 8 }], functions: [], models: [], egress: [] });
  const desired = new TextEncoder().encode(JSON.stringify({ apiVersion: "holon/v1", kind: "Desired", node: "here", version: 1, plan: "x", apps: [document] }));
  const log = { cell: (key: string) => (["desired/idle", "desired/far"].includes(key) ? undefined : desired) };
  const places = placesOf({ document, deployedAt: "2026-01-01T00:00:00.000Z", jobsSince: new Map(), revision: "1" }, [{ name: "here", tier: "gateway", isRevoked: false }, { name: "stolen", tier: "gateway", isRevoked: true }, { name: "idle", tier: "gateway", isRevoked: true }, { name: "far", tier: "cloud", isRevoked: true }], log);
  assert.deepEqual([places.parts.map(({ nodes }) => nodes), places.leftOut], [[["here"]], ["stolen", "idle"]]);
});
