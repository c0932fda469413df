import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { overlayTold, withOverlay } from "./overlays.ts";

const document = appDocumentSchema.parse({ name: "a", version: "1", models: [], functions: ["left", "kept"].map((name) => ({ name, code: "ab".repeat(32), on: { type: "x.y" }, emits: {}, needs: name === "left" ? { delegated: true, onIsolation: "stop" } : {} })) });
const node = (name: string, site: string) => [name, { name, site, tier: "gateway", jurisdiction: "EU", parent: null, api: null, startedAt: "", reported: undefined }] as const;
const state = () => ({ nodes: new Map([node("g1", "plant"), node("g2", "plant"), node("far", "other")]), apps: new Map([["a", { document, deployedAt: "", jobsSince: new Map(), revision: "1" }]]), delegated: new Set(["a/left"]), leads: new Map([["plant", { term: 3, lead: "g2", at: "2025-12-31T23:59:00.000Z" }]]), overlays: new Map() });
const overlay = (more: object): Pick<StoredEvent, "data" | "time"> => ({ time: "2026-01-01T00:00:00.000Z", data: { site: "plant", lead: "g2", term: 3, sequence: 1, serial: 1, isolatedMs: 200_000, units: [{ unit: "a/left", home: "g1", node: "g2", because: "g1 is not heard for longer than its lease." }], back: [], ...more } });
const told = (known: ReturnType<typeof state>, origin: string, event: Pick<StoredEvent, "data" | "time">) => overlayTold(known, origin, event as StoredEvent);

test("a lead decides on what was left to its site, for nodes of its site, in its own name; the rest is no overlay", () => {
  const known = state();
  for (const [origin, more] of [
    ["g1", {}],
    ["far", { lead: "far" }],
    ["g2", { site: "other" }],
    ["g2", { units: [{ unit: "a/kept", home: "g1", node: "g2", because: "" }] }],
    ["g2", { units: [{ unit: "a/left", home: "g1", node: "far", because: "" }] }],
    ["g2", { units: "nonsense" }],
  ] as const) assert.equal(told(known, origin, overlay(more)), "unfit", JSON.stringify(more));
  assert.deepEqual([told(known, "g2", overlay({})), known.overlays.size], [false, 1]);
});

test("an explanation tells that the lead decided, when and why, also when it is over; whatever order the news came in", () => {
  const known = state();
  const plan: Explanation = { verdict: "chosen", reason: "only", text: "a/left is on g1: no other node may run it and has room." };
  assert.equal(withOverlay(plan, known, "a/left", "g1"), plan);
  told(known, "g2", overlay({}));
  const elsewhere = withOverlay({ ...plan, verdict: "rejected" }, known, "a/left", "g2");
  assert.deepEqual([elsewhere.verdict, elsewhere.reason], ["chosen", "lead"]);
  assert.match(elsewhere.text, /^g2, which led site plant in term 3 while control was not heard, ran it on g2 in place of g1 from 2026-01-01T00:00:00.000Z: g1 is not heard/);
  const back = { ...overlay({ sequence: 2, units: [], back: ["a/left"] }), time: "2026-01-01T00:05:00.000Z" };
  told(known, "g2", back);
  assert.match(withOverlay(plan, known, "a/left", "g1").text, /^a\/left is on g1: .*from 2026-01-01T00:00:00.000Z to 2026-01-01T00:05:00.000Z: what it gave as its reasons was true then: "g1 is not heard/);
  const late = state();
  told(late, "g2", back);
  told(late, "g2", overlay({}));
  assert.deepEqual(withOverlay(plan, late, "a/left", "g1"), withOverlay(plan, known, "a/left", "g1"));
});

test("an honest overlay is none the less so when control reads its log anew, member after member, or the app is no longer left to the site", () => {
  const known = state();
  known.nodes.delete("g1");
  known.nodes.delete("g2");
  assert.equal(told(known, "g2", overlay({ units: [{ unit: "a/left", home: "g2", node: "g1", because: "" }] })), false, "nobody of the site was read yet");
  const since = state();
  since.apps.set("a", { document: { ...document, functions: [] }, deployedAt: "", jobsSince: new Map(), revision: "2" });
  assert.equal(told(since, "g2", overlay({})), false, "it was left to the site when that was decided");
});

test("a decision is over when the lead names all that stands otherwise and it is not among that, or another one leads", () => {
  const plan: Explanation = { verdict: "chosen", reason: "only", text: "a/left is on g1." };
  const verdict = (known: ReturnType<typeof state>) => withOverlay({ ...plan, verdict: "rejected" }, known, "a/left", "g2").verdict;
  const known = state();
  told(known, "g2", overlay({}));
  assert.equal(verdict(known), "chosen");
  told(known, "g2", overlay({ sequence: 2, serial: 2, units: [] }));
  assert.equal(verdict(known), "rejected", "nothing stands otherwise");
  told(known, "g2", overlay({ sequence: 3, serial: 2 }));
  assert.equal(verdict(known), "chosen", "it does again");
  known.leads.set("plant", { term: 4, lead: "g1", at: "2026-01-01T00:07:00.000Z" });
  assert.equal(verdict(known), "rejected");
  assert.match(withOverlay(plan, known, "a/left", "g1").text, /^a\/left is on g1\. .* until another one led, by 2026-01-01T00:07:00\.000Z at the latest: what it gave as its reasons was true then: "g1 is not heard for longer than its lease"\.$/);
});
