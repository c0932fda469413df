/** Who stands nowhere below a node, and who nowhere above it, whatever he says and wherever he answers: for each end of a link to judge the other by what that proved. */
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";

/** Who proves to be this node itself, its parent, or of a tier above its own; siblings come this way too, of whatever tier. Why; undefined where it may stand below. `tier`: as it proved, where anything proves it; `parent`: as it proved when this node dialled it, while it is known. */
export function misplacedBelow({ name, tier: own, siblings }: Pick<NodeConfig, "name" | "tier" | "siblings">, peer: string, tier: string | undefined, parent: string | undefined): string | undefined {
  if (peer === name) return `${peer} has the name of this node`;
  const isSibling = siblings.some((sibling) => sibling.name === peer);
  if (peer === parent && !isSibling) return `${peer} is the parent of ${name}`;
  const rank = tierSchema.options.findIndex((one) => one === tier);
  return rank > tierSchema.options.indexOf(own) && !isSibling ? `${peer} is of tier ${tier ?? ""}, which stands above ${own}` : undefined;
}

/**
 * Who answers where the parent is to be, and proves to be this node itself or of no tier above its own: with a certificate of such a one he would be given all that goes up. One of the
 * same tier stands above where the configuration names that very node. Why; undefined where it may.
 */
export function misplacedAbove({ name, tier: own, uplink }: Pick<NodeConfig, "name" | "tier" | "uplink">, peer: string, tier: string | undefined): string | undefined {
  if (peer === name) return `${peer} has the name of this node`;
  const height = tierSchema.options.findIndex((one) => one === tier) - tierSchema.options.indexOf(own);
  if (tier === undefined || height > 0) return undefined;
  if (height < 0) return `${peer} is of tier ${tier}, which stands below ${own}`;
  return uplink?.node === peer ? undefined : `${peer} is of tier ${tier} as ${name} is, and is not named under uplink.node`;
}
