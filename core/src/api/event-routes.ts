/** Reading events over an API: the same routes on control and on every node. */
import { z } from "zod";
import { showEvent } from "../event/stored.ts";
import { limits } from "../limits.ts";
import type { Lane, Log } from "../log/log.ts";
import { eventSchema, streamNameSchema, type Event } from "../schema/event.ts";
import type { Route } from "./route.ts";

const countSchema = z.coerce.number().int().min(1).max(1000).default(50);
export const eventQuerySchema = z.strictObject({
  stream: streamNameSchema.optional(),
  origin: z.string().max(63).optional(),
  /** Event type or its beginning, for example `pump.`. */
  type: z.string().max(128).optional(),
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
      answer: z.object({ events: z.array(eventSchema) }),
      async handle(request) {
        const query = eventQuerySchema.parse(request.query);
        return { status: 200, body: { events: await newestEvents(log, query) } };
      },
    },
  ];
}

/** The newest events that fit, by time of recording. Looks back at most 20 times the number asked for in each lane. */
export async function newestEvents(log: Log, query: EventQuery): Promise<readonly Event[]> {
  const limit = query.limit ?? 50;
  const events: Event[] = [];
  for (const { lane, mark } of log.heads().values()) {
    if (!fits(lane, query)) continue;
    const from = Math.max(1, mark.sequence - (query.type === undefined ? limit : 20 * limit) + 1);
    events.push(...(await eventsFrom(log, lane, from, mark.sequence, query.type)));
  }
  events.sort((a, b) => (a.recordedtime < b.recordedtime ? -1 : a.recordedtime > b.recordedtime ? 1 : Number(a.sequence) - Number(b.sequence)));
  return events.slice(-limit);
}

async function eventsFrom(log: Log, lane: Lane, from: number, to: number, type: string | undefined): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let next = from; next <= to; ) {
    const records = await log.read(lane, next, { maxRecords: 1000, maxBytes: limits.linkBatchBytesMax });
    const last = records.at(-1);
    if (last === undefined) break;
    for (const record of records) {
      const event = showEvent(record);
      if (record.sequence <= to && (type === undefined || event.type.startsWith(type))) events.push(event);
    }
    next = last.sequence + 1;
  }
  return events;
}

const fits = (lane: Lane, query: EventQuery): boolean =>
  (query.stream === undefined || lane.stream === query.stream) && (query.origin === undefined || lane.origin === query.origin);
