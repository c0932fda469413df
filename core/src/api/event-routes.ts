/** Reading events over an API: the same routes on control and on every node. */
import { z } from "zod";
import type { Lane, Log } from "../log/log.ts";
import { eventSchema, streamNameSchema, type Event } from "../schema/event.ts";
import type { Route } from "./route.ts";

const countSchema = z.coerce.number().int().min(1).max(1000).default(50);
export const eventQuerySchema = z.strictObject({
  stream: streamNameSchema.optional(),
  origin: z.string().max(63).optional(),
  /** Event type or its beginning, for example `pump.`. */
  type: z.string().max(128).optional(),
  /** Recorded at or after, at or before: RFC 3339 UTC. */
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  limit: countSchema.optional(),
});
type EventQuery = z.infer<typeof eventQuerySchema>;

export function eventRoutes(log: Log): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/events",
      summary: "The newest events in this node's log, oldest first.",
      query: eventQuerySchema,
      answer: z.object({ events: z.array(eventSchema), more: z.boolean() }),
      handle: async (request) => ({ status: 200, body: await newestEvents(log, eventQuerySchema.parse(request.query)) }),
    },
  ];
}

/** The newest events that fit, by time of recording, oldest first; and whether more of them, older ones, are here. */
export async function newestEvents(log: Log, { limit = 50, type, since, until, ...lanes }: EventQuery): Promise<{ readonly events: readonly Event[]; readonly more: boolean }> {
  const time = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
  const found = await log.find({ accepts: (lane) => fits(lane, lanes), type, sinceMs: time(since), untilMs: time(until), limit: limit + 1 });
  return { events: found.slice(-limit).map(({ event }) => event), more: found.length > limit };
}

const fits = (lane: Lane, query: Pick<EventQuery, "stream" | "origin">): boolean =>
  (query.stream === undefined || lane.stream === query.stream) && (query.origin === undefined || lane.origin === query.origin);
