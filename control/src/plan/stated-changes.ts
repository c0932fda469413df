/** Of what a node is said to be (by its configuration, by whom it is below, by who trusts it), what is other than when the plan in force was made, for people. */
import { canonicalJson } from "@holon/core/json.ts";
import { standingOf } from "@holon/core/placement/inventory.ts";
import type { InventoryNode } from "@holon/core/schema/inventory.ts";

/** A text each: which node, what, from what to what. */
export function statedChanges(before: InventoryNode, after: InventoryNode): readonly string[] {
  const [from, to] = [valuesOf(before), valuesOf(after)];
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((what) => (from.get(what) === to.get(what) ? [] : `${after.name}: ${what} ${from.get(what) ?? "unknown"} → ${to.get(what) ?? "unknown"}`));
}

/** Whether a node is there at all is told elsewhere. */
function valuesOf(node: InventoryNode): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [what, value] of Object.entries(standingOf(node))) if (what !== "state") enter(values, labels.get(what) ?? what, value);
  return values;
}

const labels: ReadonlyMap<string, string> = new Map([["memoryBytes", "bytes of memory"], ["prices", "price"], ["power", "power"], ["carbon", "carbon"], ["ways", "way up"]]);

function enter(values: Map<string, string>, what: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) values.set(what, value.join(", "));
  else if (typeof value === "object") for (const [part, one] of Object.entries(value)) enter(values, `${what} ${part}`, one);
  else values.set(what, typeof value === "string" ? value : canonicalJson(value));
}
