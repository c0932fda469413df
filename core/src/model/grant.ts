/**
 * Who may make parameters of a model where it runs, and of what size: said by its publisher in the manifest, which he signs. Code and graph need his signature; what is learned on the
 * spot, or in a round, cannot have one, and has this grant in its place.
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import type { FittedParameters } from "../ports.ts";
import { nameSchema } from "../schema/name.ts";
import type { Provenance } from "./parameters.ts";

export const producers = ["publisher", "node", "round"] as const;

export const fitGrantSchema = z.strictObject({
  /** Functions of the app that may fit it. */
  by: z.array(nameSchema).min(1).max(64),
  /** From where such parameters may be: `node`, from the node that they run on. */
  producers: z.array(z.enum(producers)).min(1).max(producers.length).default(["node"]),
  /** Of a function that moves: also from nodes where it ran before. */
  anyNode: z.boolean().optional(),
  /** Every tensor that there may be, by name, with the greatest extent of each of its dimensions. */
  tensors: z.record(z.string().min(1).max(128), z.array(z.int().min(0).max(limits.tensorValuesMax)).max(8)),
});
export type FitGrant = z.infer<typeof fitGrantSchema>;

export interface GrantedModel {
  readonly name: string;
  /** SHA-256 of its graph. */
  readonly graph: string;
  readonly fit?: FitGrant | undefined;
}

/** Where parameters are to be used: the app's models, the function, and the node. */
export interface FitPlace {
  readonly app: string;
  readonly function: string;
  readonly node: string;
  readonly models: readonly GrantedModel[];
}

type Origin = Pick<Provenance, "producer" | "node" | "unit" | "graph">;

/** Undefined where the manifest grants these parameters to be used there; else what it does not. */
export function ungranted({ model, parameters }: Pick<FittedParameters, "model" | "parameters">, origin: Origin, place: FitPlace): string | undefined {
  // Names of tensors, shapes and models that are not in the manifest are the function's words: they may say what it was handed, and this is told to those above.
  const found = place.models.find(({ name }) => name === model);
  const named = `parameters of ${found === undefined ? "a model that the manifest does not name" : `model ${model}`} of ${place.app}/${place.function}`;
  if (found?.fit === undefined) return `${named}: the manifest of ${place.app} grants nobody to fit it`;
  const { by, producers: from, anyNode = false, tensors } = found.fit;
  if (!by.includes(place.function)) return `${named}: the manifest grants ${by.join(", ")} to fit it, and not ${place.function}`;
  if (!from.includes(origin.producer)) return `${named} are of a ${origin.producer}, and the manifest grants those of a ${from.join(" or ")}`;
  if (origin.producer === "node" && ((origin.node !== place.node && !anyNode) || origin.unit !== `${place.app}/${place.function}`)) return `${named} were fitted by ${origin.unit ?? "nobody"} on ${origin.node ?? "no node"}, and ${place.node} uses its own alone`;
  if (origin.graph !== found.graph) return `${named} were fitted for graph ${origin.graph?.slice(0, 16) ?? "unknown"}, and this is ${found.graph.slice(0, 16)}`;
  for (const [name, { shape }] of Object.entries(parameters)) {
    const extents = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (extents === undefined) return `${named}: the manifest grants ${Object.keys(tensors).join(", ")}, and they have another tensor`;
    if (shape.length !== extents.length || shape.some((extent, index) => extent > (extents[index] ?? 0))) return `${named}: the manifest grants ${name} up to ${extents.join("×")}, and it is larger or of other dimensions`;
  }
  return undefined;
}
