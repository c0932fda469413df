/** `holon event tail`: the newest events, and with `--follow` what comes after them. */
import { HolonError } from "@holon/core/errors.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { tailAnswerSchema, type ToldEvent } from "@holon/core/diagnosis/ask.ts";
import { limits } from "@holon/core/limits.ts";
import { eventSchema, type Event } from "@holon/core/schema/event.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Client } from "../client.ts";
import { keepFollowing } from "../follow.ts";
import { knownAccountSchema, tellKnown, type KnownAccount } from "../view/known.ts";
import { oneLine } from "../terminal.ts";
import { wholeNumber } from "../whole-number.ts";

const eventsSchema = knownAccountSchema.extend({ events: z.array(eventSchema) });
const ofNodeSchema = tailAnswerSchema.extend(knownAccountSchema.shape);
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

export async function tailEvents(client: Client, options: TailOptions, ended: AbortSignal): Promise<void> {
  const shown = new Set<string>();
  const print = ({ events, account }: Newest): void => {
    const fresh = events.filter(({ id }) => !shown.has(id));
    if (shown.size > 0 && fresh.length === events.length && events.length === Number(options.limit)) process.stderr.write(`more than ${options.limit} came at once: those before these are not shown\n`);
    for (const event of fresh) {
      shown.add(event.id);
      process.stdout.write(options.json === true ? `${JSON.stringify(event)}\n` : `${line(event)}\n`);
    }
    if (options.follow !== true && account !== undefined) tellKnown(account, options.json === true);
    for (const id of [...shown].slice(0, -5000)) shown.delete(id);
  };
  if (options.follow !== true) return print(await newest(client, options));
  await keepFollowing(async (heard) => {
    for (; !ended.aborted; await sleep(pollMs, undefined, { signal: ended }).catch(() => undefined)) {
      const now = await newest(client, options);
      heard();
      print(now);
    }
  }, ended);
}

interface Newest {
  readonly events: readonly (Event | ToldEvent)[];
  readonly account?: KnownAccount | undefined;
}

async function newest(client: Client, { stream, origin, node, type, limit, since, until }: TailOptions): Promise<Newest> {
  const query = new URLSearchParams({ limit: String(wholeNumber("--limit", limit, { min: 1, max: node === undefined ? limits.apiPageMax : diagnosisBounds.eventsMax })) });
  for (const [key, value] of Object.entries({ stream, origin, type, since: timeOf("--since", since), until: timeOf("--until", until) })) if (value !== undefined) query.set(key, value);
  const { events, asOf, completeness } = await (node === undefined ? client.get(`/v1/events?${query.toString()}`, eventsSchema) : client.get(`/v1/nodes/${encodeURIComponent(node)}/events?${query.toString()}`, ofNodeSchema));
  return { events, account: { asOf, completeness } };
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

const line = (event: Event | ToldEvent): string => `${event.recordedtime} ${event.id} ${event.type} ${event.class} ${oneLine(event.subject ?? "-")} ${"withheld" in event ? `(${String(event.withheld)})` : JSON.stringify(event.data ?? null)}`;
