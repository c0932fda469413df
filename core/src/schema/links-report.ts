/** What a node says of its links when one that stands above it asks, for a look at the fleet. Nothing of it is kept. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { clockStates } from "./event.ts";

export const statusMethods = { links: "status.links", node: "status.node" } as const;

const name = z.string().min(1).max(63);
const count = z.number().min(0);

export const linksReportSchema = z.strictObject({
  /** Who is connected to it at this moment. */
  children: z.array(z.strictObject({ node: name, /** Bytes since the connection was made, as the node counts them: sent is down. */ sentBytes: count, receivedBytes: count, sinceMs: count })).max(limits.linksReportMax),
  /** How many that are, where more are connected than are listed. */
  connected: z.int().min(0),
  /** Null at a root. */
  uplink: z.strictObject({ state: z.string().max(32), /** Records that its parent has not acknowledged; null where unknown. */ backlog: count.nullable(), sentBytes: count, receivedBytes: count, sinceMs: count }).nullable(),
});
export type LinksReport = z.infer<typeof linksReportSchema>;

/** Between the two ends of a link. */
export const clockMethod = "clock.read";

/** What a node says of its clock when the one at the other end of a link asks: wall-clock milliseconds at that moment, and how far to trust them, and which opening of its log that is so of. */
export const clockReportSchema = z.object({ wallMs: z.number(), state: z.enum(clockStates).optional(), epoch: z.string().max(13).optional() });
export type ClockReport = z.infer<typeof clockReportSchema>;
