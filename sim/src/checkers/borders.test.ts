import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { BorderWatch, type BorderNode, type Planted } from "./borders.ts";

const nodes: readonly BorderNode[] = [
  { name: "cloud", jurisdiction: "US", parent: undefined, knowsParent: false },
  { name: "edge-1", jurisdiction: "EU/DE", parent: "cloud", knowsParent: true },
  { name: "gateway-1", jurisdiction: "EU/DE", parent: "edge-1", knowsParent: true },
];
const shares = (who: string): string => `policy drawn 1\n\npermit all\n  who node ${who}\n  does share\n  class derived\n  from *\n  to *\n`;
const way: Planted = { origin: "gateway-1", action: "share", resource: "doors/mode", class: "derived", lowered: [] };

function watchOf(who: string): { readonly watch: BorderWatch; readonly text: string } {
  const policy = parsePolicy(shares(who));
  const watch = new BorderWatch(nodes);
  watch.adopt([policy]);
  return { watch, text: watch.plant("shares.at-gateway-1", [way], policy) };
}

test("what may be at a node does not hang on which hop was asked about first", () => {
  const { watch, text } = watchOf("*");
  assert.equal(watch.mayCross(text, "edge-1", "gateway-1"), true, "back to where it comes from");
  assert.equal(watch.mayCross(text, "cloud", "edge-1"), true, "and the way round is open");
});

test("what no policy let go may not be there, and so may not go on", () => {
  const { watch, text } = watchOf("gateway-1");
  assert.equal(watch.mayCross(text, "gateway-1", "edge-1"), true);
  assert.equal(watch.mayCross(text, "edge-1", "cloud"), false);
  assert.equal(watch.mayCross(text, "cloud", "edge-1"), false);
});
