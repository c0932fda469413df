/**
 * The part of its processors that a machine uses as a rule: what a plan may count on for months is not to follow what it did in the last minute, least of all while a node starts or an
 * app is being built beside it. Memory is a level and not a rate, and is believed at once.
 */
import { limits } from "@holon/core/limits.ts";

/** Undefined until there were enough looks: unknown, and not nought. Percent, 0 to 100. */
export function createSteadyLoad(): (busyPercent: number | undefined) => number | undefined {
  const looks: number[] = [];
  return (busyPercent) => {
    if (busyPercent !== undefined) looks.push(busyPercent);
    if (looks.length > limits.inventoryLoadLooks) looks.shift();
    if (looks.length < limits.inventoryLoadLooks) return undefined;
    return looks.toSorted((a, b) => a - b)[looks.length >> 1];
  };
}
