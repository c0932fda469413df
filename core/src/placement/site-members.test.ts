import assert from "node:assert/strict";
import { test } from "node:test";
import { unitNeedsSchema } from "../schema/needs.ts";
import { agreedMembers, withSite, type SiteView, type SiteWord } from "./site-members.ts";

const plant = ["g1", "g2", "g3"];
const words = (over: Readonly<Record<string, Partial<SiteWord>>> = {}) => {
  const told = new Map(plant.map((name): [string, SiteWord] => [name, { site: "plant", siblings: plant.filter((other) => other !== name), ...over[name] }]));
  return (node: string) => told.get(node);
};

test("a site decides for itself where three or more members all name each other", () => {
  assert.deepEqual(agreedMembers("g2", words()), plant);
  for (const over of [{ g3: { siblings: ["g1"] } }, { g3: { site: "other" } }, { g1: { siblings: [] } }, { g1: { siblings: ["g2", "g3", "g4"] } }]) assert.equal(agreedMembers("g1", words(over)), undefined);
  const two = new Map([["g1", { site: "plant", siblings: ["g2"] }], ["g2", { site: "plant", siblings: ["g1"] }]]);
  assert.equal(agreedMembers("g1", (node) => two.get(node)), undefined, "too few");
});

test("what is left to a site stays there while nobody of it is heard; while some are it may be on those, and nowhere outside", () => {
  const unit = unitNeedsSchema.parse({ name: "sum", delegated: true, onIsolation: "stop" });
  const view = (silent: readonly string[], membersOf: SiteView["membersOf"] = () => plant, isLeaseOver = true): SiteView => ({ nodes: ["cloud", ...plant].map((name) => ({ name, site: name === "cloud" ? "north" : "plant" })), membersOf, stateOf: (name) => (silent.includes(name) ? "silent" : "present"), isLeaseOver: () => isLeaseOver });
  assert.deepEqual(withSite(unit, "g1", view(plant)), { ...unit, island: "plant" });
  assert.deepEqual(withSite(unit, "g1", view(["g1"], undefined, false)), { ...unit, island: "plant" }, "it is heard again, and not present yet");
  assert.deepEqual(withSite(unit, "g1", view(["g1"])), { ...unit, leftTo: { site: "plant", node: "g1" } });
  for (const [home, seen, of] of [["g1", view([]), unit], [undefined, view(plant), unit], ["g1", view(plant, () => undefined), unit], ["g1", view(plant), { ...unit, delegated: false }]] as const) assert.equal(withSite(of, home, seen), of);
});
