/** Reading events over an API: the same routes on control and on every node. */
import { z } from "zod";
import { isoTime } from "../event/iso-time.ts";
import type { Lane, Log } from "../log/log.ts";
import { eventSchema, streamNameSchema, type Event } from "../schema/event.ts";
import { machineCaller, type Caller } from "./caller.ts";
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
export const eventListSchema = z.object({
  events: z.array(eventSchema),
  /** Older ones that fit are here. */
  more: z.boolean(),
  /** As of when the first of these counts, `until` of those before it: when it was recorded, or came in where it says that it was recorded later. Null where there is none. */
  oldest: z.iso.datetime().nullable(),
});
type EventQuery = z.infer<typeof eventQuerySchema>;

/** `show`: an event as this caller may read it. */
export function eventRoutes(log: Log, show: (event: Event, caller: Caller) => Event = (event) => event): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/events",
      summary: "The newest events in this node's log, oldest first.",
      query: eventQuerySchema,
      answer: eventListSchema,
      async handle({ query, caller = machineCaller }) {
        const { events, ...rest } = await newestEvents(log, eventQuerySchema.parse(query));
        return { status: 200, body: { events: events.map((event) => show(event, caller)), ...rest } };
      },
    },
  ];
}

/** The newest events that fit, by time of recording, oldest first; and whether more of them, older ones, are here. A clock that is ahead puts none before those that came in later. */
export async function newestEvents(log: Log, { limit = 50, type, since, until, ...lanes }: EventQuery): Promise<z.infer<typeof eventListSchema>> {
  const time = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
  const found = await log.find({ accepts: (lane) => fits(lane, lanes), type, sinceMs: time(since), untilMs: time(until), asArrived: true, limit: limit + 1 });
  const newest = found.slice(-limit);
  const [first] = newest;
  return { events: newest.map(({ event }) => event), more: found.length > limit, oldest: first === undefined ? null : isoTime(first.countsMs) };
}

const fits = (lane: Lane, query: Pick<EventQuery, "stream" | "origin">): boolean =>
  (query.stream === undefined || lane.stream === query.stream) && (query.origin === undefined || lane.origin === query.origin);
