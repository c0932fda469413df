/** `holon event tail`: the newest events, and with `--follow` what comes after them. */
import { eventSchema, type Event } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { Client } from "../client.ts";

const eventsSchema = z.object({ events: z.array(eventSchema) });
const pollMs = 500;

export interface TailOptions {
  readonly stream?: string;
  readonly origin?: string;
  readonly type?: string;
  readonly limit: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function tailEvents(client: Client, options: TailOptions): Promise<void> {
  const shown = new Set<string>();
  for (;;) {
    for (const event of await newest(client, options)) {
      if (shown.has(event.id)) continue;
      shown.add(event.id);
      process.stdout.write(options.json === true ? `${JSON.stringify(event)}\n` : `${line(event)}\n`);
    }
    if (options.follow !== true) return;
    for (const id of [...shown].slice(0, -5000)) shown.delete(id);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function newest(client: Client, { stream, origin, type, limit }: TailOptions): Promise<readonly Event[]> {
  const query = new URLSearchParams({ limit });
  for (const [key, value] of Object.entries({ stream, origin, type })) if (value !== undefined) query.set(key, value);
  return (await client.get(`/v1/events?${query.toString()}`, eventsSchema)).events;
}

const line = (event: Event): string => `${event.recordedtime} ${event.id} ${event.type} ${event.class} ${event.subject ?? "-"} ${JSON.stringify(event.data ?? null)}`;
