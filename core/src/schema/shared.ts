/** What an app shares between sites: declared by name, with how it converges and the class that decides whether it may leave. */
import { z } from "zod";
import { dataClassSchema } from "./event.ts";
import { nameSchema } from "./name.ts";

export const sharedKinds = ["register", "counter", "set"] as const;
export type SharedKind = (typeof sharedKinds)[number];

export const sharedSchema = z.strictObject({
  name: nameSchema,
  /** `register`: the last writer wins. `counter`: additions add up. `set`: an addition wins over a removal that did not see it. */
  kind: z.enum(sharedKinds),
  /** What is raw or personal is shared with nobody. */
  class: dataClassSchema,
});
export type SharedDeclaration = z.infer<typeof sharedSchema>;

export const sharedListSchema = z
  .array(sharedSchema)
  .max(64)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "each name once");
