/** `holon event tail`: the newest events, and with `--follow` what comes after them. */
import { HolonError } from "@holon/core/errors.ts";
import { tailAnswerSchema, type ToldEvent } from "@holon/core/diagnosis/ask.ts";
import { eventSchema, type Event } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { Client } from "../client.ts";

const eventsSchema = z.object({ events: z.array(eventSchema) });
const pollMs = 500;

export interface TailOptions {
  readonly stream?: string;
  readonly origin?: string;
  readonly node?: string;
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
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

async function newest(client: Client, { stream, origin, node, type, limit, since, until }: TailOptions): Promise<readonly (Event | ToldEvent)[]> {
  const query = new URLSearchParams({ limit });
  for (const [key, value] of Object.entries({ stream, origin, type, since: timeOf("--since", since), until: timeOf("--until", until) })) if (value !== undefined) query.set(key, value);
  if (node !== undefined) return (await client.get(`/v1/nodes/${encodeURIComponent(node)}/events?${query.toString()}`, tailAnswerSchema)).events;
  return (await client.get(`/v1/events?${query.toString()}`, eventsSchema)).events;
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** RFC 3339 in UTC; or so long ago: `90s`, `15m`, `2h`, `7d`. */
export function timeOf(flag: string, text: string | undefined, nowMs = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : nowMs - Number(count) * unitMs[unit as keyof typeof unitMs];
  if (Number.isNaN(ms)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a time such as 2026-01-02T03:04:05Z, or so long ago such as 15m, not ${text}`);
  return new Date(ms).toISOString();
}

const line = (event: Event | ToldEvent): string => `${event.recordedtime} ${event.id} ${event.type} ${event.class} ${event.subject ?? "-"} ${"withheld" in event ? `(${String(event.withheld)})` : JSON.stringify(event.data ?? null)}`;
