/** All rows of a list that comes by pages. */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import type { Client } from "./client.ts";
import { knownAccountSchema, type KnownAccount } from "./view/known.ts";

/** `rows`: what they are called in the answer. A fleet that changes in between is read as it is page by page. `known`: what the first page says of how complete it is. */
export async function listAll<Row>(client: Client, path: string, rows: string, row: z.ZodType<Row>, known?: (account: KnownAccount) => void): Promise<readonly Row[]> {
  const pageSchema = z.looseObject({ next: z.string().nullable().default(null) });
  const all: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: z.infer<typeof pageSchema> = await client.get(cursor === null ? path : `${path}?cursor=${encodeURIComponent(cursor)}`, pageSchema);
    if (cursor === null) known?.(knownAccountSchema.parse(page));
    const parsed = z.array(row).safeParse(page[rows]);
    if (!parsed.success) throw new HolonError("HOLON_INTERNAL", `${path} answered what this program does not understand`, { cause: parsed.error, next: "Use the CLI of the same version as the node." });
    all.push(...parsed.data);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}
