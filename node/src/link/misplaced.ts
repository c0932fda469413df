/** Who proves to be this node itself, its parent, or of a tier above its own stands nowhere below it; siblings come this way too, of whatever tier. */
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";

/** Why; undefined where it may stand below. `tier`: as it proved, where anything proves it; `parent`: as it proved when this node dialled it, while it is known. */
export function misplacedBelow({ name, tier: own, siblings }: Pick<NodeConfig, "name" | "tier" | "siblings">, peer: string, tier: string | undefined, parent: string | undefined): string | undefined {
  if (peer === name) return `${peer} has the name of this node`;
  const isSibling = siblings.some((sibling) => sibling.name === peer);
  if (peer === parent && !isSibling) return `${peer} is the parent of ${name}`;
  const rank = tierSchema.options.findIndex((one) => one === tier);
  return rank > tierSchema.options.indexOf(own) && !isSibling ? `${peer} is of tier ${tier ?? ""}, which stands above ${own}` : undefined;
}
