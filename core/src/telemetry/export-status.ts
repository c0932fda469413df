/** How telemetry stands on its way to a collector: the same in a node's status, in `holon doctor` and in the console. What was set aside is counted since the node's log begins, other figures since this start. */
import { z } from "zod";

export const exportStatusSchema = z.looseObject({
  /** Host and port of the collector. The rest of its address may hold a password. */
  to: z.string(),
  /** Where it stands. */
  jurisdiction: z.string(),
  /** Records that are not there yet. */
  behind: z.int(),
  sent: z.int(),
  /** Items, and records, that the collector called bad, and items of which an id is none: they do not go. */
  aside: z.int(),
  /** Records that the policy did not let go there. */
  withheld: z.int(),
  /** Records that were kept no longer, or were damaged, before they went. */
  gone: z.int(),
  /** When the first of them was, and the last, with what was said of it. */
  firstAsideAt: z.string().optional(),
  lastAside: z.looseObject({ at: z.string(), why: z.string() }).optional(),
  /** Why nothing goes at this moment, and since when. It is tried again. */
  problem: z.looseObject({ code: z.string(), message: z.string(), next: z.string(), since: z.string() }).optional(),
});
export type ExportStatus = z.infer<typeof exportStatusSchema>;
