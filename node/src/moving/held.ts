/** What a node remembers of units that left it, or came to it: a cell for each, written with what it is about in one append. */
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log } from "@holon/core/log/log.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";

/** `sealed`: it departed. `blobs`: of what departed, as long as it is held here: the state's hash, then those of the blobs that it names; `salt` stands in that state. */
export const heldSchema = z.strictObject({ id: z.string(), as: z.enum(["sealed", "taken"]), blobs: z.array(blobHashSchema), salt: z.string().optional() });
export type Held = z.infer<typeof heldSchema>;

const prefix = "moved/";
export const movedCell = (unit: string): string => `${prefix}${unit}`;

/** What this node remembers of the last move of a unit. */
export function heldOf(unit: string, log: Pick<Log, "cell">): Held | undefined {
  const bytes = log.cell(movedCell(unit));
  return bytes && heldSchema.parse(parseJson(bytes));
}

/** Units that departed here, and are held until they go on elsewhere. */
export function departedUnits(log: Pick<Log, "cells">): readonly { readonly unit: string; readonly id: string; readonly blobs: readonly BlobHash[] }[] {
  return [...log.cells(prefix)].flatMap(([key, value]) => {
    const { as, id, blobs } = heldSchema.parse(parseJson(value));
    return as === "sealed" && blobs.length > 0 ? [{ unit: key.slice(prefix.length), id, blobs }] : [];
  });
}
