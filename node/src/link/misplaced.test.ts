import assert from "node:assert/strict";
import { test } from "node:test";
import { misplacedAbove, misplacedBelow } from "./misplaced.ts";

const edge = { name: "edge-1", tier: "edge", siblings: [{ name: "cloud-2", address: "wss://cloud-2:7401" }] } as const;

test("nobody who is the node itself, its parent, or of a tier above it stands below it", () => {
  const isMisplaced = (peer: string, tier?: string, parent?: string): boolean => misplacedBelow({ ...edge, siblings: [...edge.siblings] }, peer, tier, parent) !== undefined;
  assert.equal(isMisplaced("gateway-1", "gateway", "cloud"), false);
  assert.equal(isMisplaced("edge-2", "edge", "cloud"), false, "an edge may stand below an edge");
  assert.equal(isMisplaced("edge-1", "edge"), true);
  assert.equal(isMisplaced("cloud", "gateway", "cloud"), true);
  assert.equal(isMisplaced("cloud", "cloud"), true, "also while its own parent is not known");
  assert.equal(isMisplaced("cloud-2", "cloud"), false, "a sibling");
  assert.equal(isMisplaced("cloud-2", "cloud", "cloud-2"), false, "a sibling that is the parent too");
  assert.equal(isMisplaced("cloud"), false, "where nothing proves tiers");
});

test("nobody who is the node itself, or of no tier above it, stands above it, but for one of its own tier whom its configuration names", () => {
  const isMisplaced = (peer: string, tier?: string, node?: string): boolean => misplacedAbove({ ...edge, ...(node === undefined ? {} : { uplink: { node } }) }, peer, tier) !== undefined;
  assert.deepEqual([isMisplaced("cloud", "cloud"), isMisplaced("cloud"), isMisplaced("edge-2", "edge", "edge-2")], [false, false, false]);
  assert.deepEqual([isMisplaced("gateway-1", "gateway"), isMisplaced("edge-1", "edge"), isMisplaced("edge-1"), isMisplaced("edge-2", "edge"), isMisplaced("edge-3", "edge", "edge-2")], [true, true, true, true, true]);
  assert.equal(isMisplaced("gateway-1", "gateway", "gateway-1"), true, "a tier below is none above by any name");
});
