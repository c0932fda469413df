/** `holon trace …`: the way of one event, as one node knows it. */
import { HolonError } from "@holon/core/errors.ts";
import { parseRecordName } from "@holon/core/log/identity.ts";
import { eventSchema } from "@holon/core/schema/event.ts";
import { traceSchema, type Trace, type TraceStep } from "@holon/core/telemetry/trace.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { z } from "zod";
import type { Client, ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { spanOf } from "../machine/span.ts";
import { printTable } from "../table.ts";

export interface TraceChoice {
  readonly node?: string;
  readonly since?: string;
}

export async function showTrace(options: ClientOptions, of: string, { node, since }: TraceChoice, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const id = parseTraceparent(of)?.traceId ?? (of.includes("/") ? await traceOf(client, of) : of);
  const from = since === undefined ? "" : `?since=${encodeURIComponent(since.includes("T") ? since : new Date(Date.now() - spanOf(since, "--since")).toISOString())}`;
  const trace = await client.get(`/v1/traces/${encodeURIComponent(id)}${from}`, traceSchema);
  process.stdout.write(json ? `${JSON.stringify(trace)}\n` : printTrace(trace));
}

const eventsMax = 1_000;

/** Of an event by its name: the trace that it carries. */
async function traceOf(client: Client, name: string): Promise<string> {
  const record = parseRecordName(name);
  if (record === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${name} is no trace, and no name of an event`, { next: "A trace has 32 hexadecimal digits; `holon event tail --json` shows names of events and their `traceparent`." });
  const { events } = await client.get(`/v1/events?origin=${record.origin}&stream=${record.stream}&limit=${eventsMax}`, z.object({ events: z.array(eventSchema) }));
  const event = events.find(({ id }) => id === name);
  if (event === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${name} is not among the newest ${eventsMax} events of its stream here`, { next: "Name the trace itself: the second part of the event's `traceparent`." });
  const span = parseTraceparent(event.traceparent);
  if (span === undefined) throw new HolonError("HOLON_TRACE_UNKNOWN", `${name} carries no trace`, { next: "`tracing` of its app says for which share of events one begins." });
  return span.traceId;
}

/** The table of its steps, what is not known of it, and in the last line how much that is. */
export function printTrace(trace: Trace): string {
  const rows = trace.spans.map((step) => [`${"  ".repeat(step.depth)}${step.name}`, step.node, ms(step.fromMs), ms(step.tookMs), step.waited === null ? "" : `${ms(step.waited.tookMs)} for ${step.waited.for === "link" ? "the link" : "its turn"}`, step.error ?? step.status, bar(step, trace.tookMs)]);
  const { nodes, unknown, missing } = trace.completeness;
  const whole = trace.isWhole ? "it is whole" : "it may not be whole";
  const notes = [
    ...(trace.left === 0 ? [] : [`${trace.left} more steps`]),
    ...trace.missing.map(({ spanId, namedBy }) => `what led to a step is not here: span ${spanId}, named by ${namedBy}`),
    ...(trace.dropped === 0 ? [] : [`${trace.dropped} steps of that time found no room, of this trace or others`]),
    ...(trace.waiting === 0 ? [] : [`${trace.waiting} of its events wait here for the link to the node above`]),
    ...missing.map(({ node, state, through }) => `${node} is ${state}, its telemetry is known through ${through ?? "no time"}`),
    `looked at what was recorded since ${trace.since}`,
  ];
  return `${printTable(["STEP", "NODE", "FROM", "TOOK", "WAITED", "STATUS", ""], rows)}\n${notes.join("\n")}\n${trace.startAt}, ${ms(trace.tookMs)} in all; as of ${trace.asOf}: of ${nodes} nodes ${unknown} ${unknown === 1 ? "is" : "are"} unknown, ${whole}\n`;
}

const cells = 32;

/** Where in the whole it was: work, and what it waited for. */
function bar({ fromMs, tookMs, waited }: TraceStep, wholeMs: number): string {
  const place = (atMs: number): number => Math.min(cells - 1, Math.floor((atMs / Math.max(wholeMs, Number.MIN_VALUE)) * cells));
  const line = Array.from({ length: cells }, () => " ");
  const fill = (from: number, took: number, mark: string): void => void line.fill(mark, place(from), place(from + took) + 1);
  fill(fromMs, tookMs, "█");
  if (waited !== null) fill(waited.fromMs, waited.tookMs, "░");
  line[place(fromMs + tookMs)] = "█"; // its end is its own
  return `|${line.join("")}|`;
}

/** Milliseconds as people read them. */
export function ms(value: number): string {
  if (value < 1_000) return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1_000).toFixed(1)} s`;
  const minutes = Math.round(value / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
