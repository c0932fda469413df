/** How one way on which a node tells its alerts stands: the same in its status, in `holon alert routes`, in `holon doctor` and in the console. Counts begin with the node's start. */
import { z } from "zod";

export const routeStatusSchema = z.object({
  route: z.string(),
  to: z.enum(["webhook", "email", "event"]),
  /** Messages that were taken since this start. */
  told: z.int(),
  /** Incidents of which something is still to be told. */
  waiting: z.int(),
  /** Nothing is told at this moment; it is tried again. */
  isFailing: z.boolean(),
  /** Why, or whom the last message that was answered did not reach. */
  problem: z.string().nullable(),
  /** Since when; null without a problem. */
  since: z.iso.datetime().nullable(),
});
export type RouteStatus = z.infer<typeof routeStatusSchema>;
