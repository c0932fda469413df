/** `holon.node.yaml`: what a node is told at birth. Everything else comes down the link. */
import { z } from "zod";
import { nameSchema, tierSchema } from "./app.ts";

export const nodeConfigSchema = z.strictObject({
  apiVersion: z.literal("holon/v1").default("holon/v1"),
  name: nameSchema,
  site: nameSchema,
  tier: tierSchema,
  jurisdiction: z.string().regex(/^[A-Z]{2,8}(\/[A-Z0-9]{1,8})*$/),
  /** Runs the control plane as well. */
  control: z.boolean().default(false),
  /** Address for children; without it the node takes none. */
  listen: z.string().optional(),
  /** The parent's address; without it the node is a root. */
  parent: z.string().optional(),
});

export type NodeConfig = z.infer<typeof nodeConfigSchema>;
