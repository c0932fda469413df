/** Incarnations for tests of single ports. */
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { Incarnation, type Identity } from "../incarnation.ts";
import type { World } from "../world.ts";

export function nodeName(text: string): NodeName {
  if (!isNodeName(text)) throw new Error(`${text} is no node name`);
  return text;
}

export const identity = (name: string, number = 1): Identity => ({ name: nodeName(name), number, calls: 0, hooks: {} });

export const incarnation = (world: World, name: string, number = 1): Incarnation => new Incarnation(world, identity(name, number));
