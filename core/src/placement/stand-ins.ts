/** Of what a month on a node is said to cost, what nobody knows: the dearest that is known of the fleet stands in for it, and who reads the figure is told so. */
import { hasAccelerator } from "./devices.ts";
import type { Fleet } from "./fleet.ts";
import type { Item } from "./work.ts";

/** A text each, for people; of a fleet of which no such price is known nothing stands in. */
export function standInsOf(fleet: Fleet, { needs }: Item, node: number): readonly string[] {
  const { unpriced, rates, nodes } = fleet;
  const place = nodes[node];
  if (place === undefined) return [];
  const accelerated = hasAccelerator(needs, place);
  const asked = [
    ["processorRent", needs.processors > 0, "a processor"],
    ["memoryRent", needs.memoryBytes > 0, "memory"],
    ["acceleratorRent", accelerated, "an accelerator"],
    ["processorEnergy", needs.processors > 0, "electricity"],
    ["acceleratorEnergy", accelerated, "electricity of an accelerator"],
  ] as const;
  return asked.flatMap(([rate, isAsked, what]) => (isAsked && unpriced[rate][node] === 1 && (rates[rate][node] ?? 0) > 0 ? [what] : []));
}
