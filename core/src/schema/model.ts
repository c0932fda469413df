/** One version of a model: what control keeps of it. It never changes; another graph, other figures or another word are another version. */
import { z } from "zod";
import { blobHashSchema } from "./app.ts";
import { nameSchema } from "./name.ts";

const valueSchema = z.strictObject({ name: z.string().min(1).max(256), shape: z.array(z.union([z.int().min(0), z.string().max(256)])).max(8) });

/** The first 16 hexadecimal digits of the SHA-256 of the document in canonical JSON. */
export const modelVersionSchema = z.string().regex(/^[0-9a-f]{16}$/, "16 hexadecimal digits");

export const lineageSchema = z.strictObject({
  /** The version it was made from, of any model. */
  parent: modelVersionSchema.optional(),
  /** How: `trained`, `int8-dynamic`, `prune 0.5`, … */
  method: z.string().min(1).max(200),
  /** SHA-256 of the data it was measured on, and fitted on where it was. */
  data: blobHashSchema.optional(),
  /** Percentage points of accuracy that it has less than its parent, and that it was allowed. */
  lostPoints: z.number().optional(),
  lostPointsMax: z.number().min(0).max(100).optional(),
});

export const modelDocumentSchema = z.strictObject({
  apiVersion: z.literal("holon/v1"),
  kind: z.literal("Model"),
  name: nameSchema,
  graph: blobHashSchema,
  /** Fitted parameters that belong to it, where they are not in the graph. */
  parameters: blobHashSchema.optional(),
  licence: z.string().min(1).max(200),
  inputs: z.array(valueSchema).min(1).max(64),
  outputs: z.array(valueSchema).min(1).max(64),
  /** Figures with the unit in the name: `sizeBytes`, `accuracy`, `latencyUsP50`, … */
  metrics: z.record(z.string().min(1).max(64), z.number()),
  lineage: lineageSchema,
});
export type ModelDocument = z.infer<typeof modelDocumentSchema>;
