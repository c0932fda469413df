/** `holon.node.yaml`: what a node is told at birth. Everything else comes down the link. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { priceClasses } from "../link/budget.ts";
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
  /** What the way to the parent may cost: bytes an hour, both ways; without them a default of the price class. */
  uplink: z.strictObject({ budgetBytesPerHour: z.int().min(limits.linkBudgetBytesMin).optional(), priceClass: z.enum(priceClasses).optional() }).optional(),
  /** How much of its children this node takes on at a time; without it the limits of Holon. */
  downlink: z
    .strictObject({
      creditBytes: z.int().min(2 * limits.frameBytesMax).max(limits.linkCreditBytesMax).optional(),
      waitingMax: z.int().min(1).max(limits.linkWaitingMax).optional(),
    })
    .optional(),
});

export type NodeConfig = z.infer<typeof nodeConfigSchema>;
