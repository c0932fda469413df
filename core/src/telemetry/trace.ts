/** `GET /v1/traces/{id}`: the way of one event through devices, functions, models and links, as far as its spans are here. Pure: spans in, the tree with its times out. */
import { spanNames } from "./span-attributes.ts";
import { z } from "zod";
import { isoTime } from "../event/iso-time.ts";
import { completenessSchema } from "./completeness.ts";
import type { SpanData } from "./span.ts";

const timeSchema = z.iso.datetime();

/** `other`: what an SDK sent. */
export const stepKinds = ["door", "function", "model", "link", "other"] as const;
export type StepKind = (typeof stepKinds)[number];

export const traceStepSchema = z.object({
  spanId: z.string(),
  parentSpanId: z.string().nullable(),
  /** 0 where nothing here led to it. */
  depth: z.int().min(0),
  kind: z.enum(stepKinds),
  name: z.string(),
  /** The node that told of it. */
  node: z.string(),
  site: z.string(),
  startAt: timeSchema,
  /** Since the trace began, and how long it took, milliseconds. */
  fromMs: z.number(),
  tookMs: z.number().min(0),
  /** Of that, or before it, nothing was done: a link was not open, or a function had not come to it. */
  waited: z.object({ for: z.enum(["link", "turn"]), fromMs: z.number(), tookMs: z.number().min(0) }).nullable(),
  status: z.enum(["ok", "error", "unset"]),
  /** Code of what failed. */
  error: z.string().nullable(),
  /** Name and type of the event that it is about. */
  event: z.string().nullable(),
  eventType: z.string().nullable(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type TraceStep = z.infer<typeof traceStepSchema>;

export const traceSchema = z.object({
  asOf: timeSchema,
  /** Of the nodes that had a part in it. */
  completeness: completenessSchema,
  id: z.string(),
  startAt: timeSchema,
  tookMs: z.number().min(0),
  /** Nothing is missing that is told of, nothing found no room, nothing waits, and all nodes that had a part in it have told of the time through its end. */
  isWhole: z.boolean(),
  /** Events of it that are here and wait for the link to the node above: what follows from them there nobody knows yet. */
  waiting: z.int().min(0).default(0),
  /** Spans that others name as what led to them and that are not here, with who told of them: the first so many. */
  missing: z.array(z.object({ spanId: z.string(), namedBy: z.string() })),
  /** Spans of nodes that had a part in it that found no room at that time: of these nobody knows whose they were. */
  dropped: z.int().min(0),
  /** What was recorded before is not looked at. */
  since: timeSchema,
  /** Steps beyond the bound of an answer, which are left out. */
  left: z.int().min(0),
  /** In order: each behind what led to it. */
  spans: z.array(traceStepSchema),
});
export type Trace = z.infer<typeof traceSchema>;

export const traceQuerySchema = z.strictObject({
  /** Looks at what was recorded at or after. */
  since: timeSchema.optional(),
});
export type TraceQuery = z.infer<typeof traceQuerySchema>;

/** A span, who told of it, and whether that node made it itself (or an SDK did). */
export interface ToldSpan {
  readonly node: string;
  /** The run of it in which that was recorded, where its own clock tells the times. */
  readonly epoch?: string;
  readonly isOwn: boolean;
  readonly data: SpanData;
}

/** What the answerer knows of the nodes. */
export interface TraceView {
  /** A time of that node's clock, in that run of it, as it was here. */
  here(node: string, atMs: number, epoch?: string): number;
  siteOf(node: string): string | undefined;
}

interface Step {
  readonly told: ToldSpan;
  readonly kind: StepKind;
  startMs: number;
  readonly endMs: number;
  readonly parent: string | undefined;
}

interface Placed {
  readonly spanId: string;
  readonly step: Step;
  readonly parent: Step | undefined;
  readonly parentId: string | undefined;
  readonly depth: number;
}

const missingMax = 64;

function keepFirst(of: Map<string, string>, key: string, value: string): void {
  if (!of.has(key)) of.set(key, value);
}

const millis = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000n) / 1_000;
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Everything but what an answer says of its own time and completeness. Undefined where there is no span. Of two nodes that tell of a span with the same id the first is believed: whoever asks puts its own before those of others. */
export function assembleTrace(id: string, spans: readonly ToldSpan[], { here, siteOf }: TraceView, stepsMax: number): Omit<Trace, "asOf" | "completeness" | "since" | "waiting"> | undefined {
  const steps = new Map<string, Step>();
  for (const told of spans) {
    const { data, node, epoch } = told;
    const before = steps.get(data.spanId);
    if (before !== undefined && (before.told.isOwn || !told.isOwn)) continue; // told twice: after a crash, or by two ways; what an SDK says takes no node's place
    const startMs = here(node, millis(data.startTimeUnixNano), epoch);
    const endMs = Math.max(startMs, here(node, millis(data.endTimeUnixNano), epoch)); // a clock may be set while something goes on
    steps.set(data.spanId, { told, kind: kindOf(told), startMs, endMs, parent: data.parentSpanId });
  }
  if (steps.size === 0) return undefined;
  const missing = new Map<string, string>();
  const children = new Map<string | undefined, [string, Step][]>();
  for (const [spanId, step] of steps) {
    const parent = parentOf(step, steps);
    if (parent === undefined && step.parent !== undefined && !beginsHere(step)) keepFirst(missing, step.parent, step.told.node);
    const beside = children.get(parent);
    if (beside === undefined) children.set(parent, [[spanId, step]]);
    else beside.push([spanId, step]);
  }
  const ordered: Placed[] = [];
  const placed = new Set<string>();
  /** What follows from one step, in order. */
  const following = (parentId: string | undefined, depth: number): Placed[] => {
    const parent = parentId === undefined ? undefined : steps.get(parentId);
    const found = children.get(parentId) ?? [];
    for (const [, step] of found) {
      // It cannot have set out before it had arrived; when that was the node further on does not know.
      if (step.kind === "link" && parent?.kind === "link") step.startMs = Math.min(step.endMs, Math.max(step.startMs, parent.endMs));
    }
    found.sort(([, one], [, other]) => one.startMs - other.startMs || one.endMs - other.endMs);
    return found.map(([spanId, step]) => ({ spanId, step, parent, parentId, depth }));
  };
  // Whoever sends spans says how deep they are: no call within a call.
  for (const open = following(undefined, 0).reverse(); open.length > 0; ) {
    const next = open.pop();
    if (next === undefined) break;
    placed.add(next.spanId);
    ordered.push(next);
    for (const one of following(next.spanId, next.depth + 1).reverse()) open.push(one);
  }
  for (const [spanId, step] of steps) if (!placed.has(spanId)) ordered.push({ spanId, step, parent: undefined, parentId: undefined, depth: 0 }); // they name each other
  const startMs = ordered.reduce((least, { step }) => Math.min(least, step.startMs), Infinity);
  const endMs = ordered.reduce((most, { step }) => Math.max(most, step.endMs), -Infinity);
  const dropped = [...steps.values()].reduce((sum, { told }) => sum + Number(told.data.attributes[spanNames.dropped] ?? 0), 0);
  return {
    id,
    startAt: isoTime(startMs),
    tookMs: endMs - startMs,
    isWhole: missing.size === 0 && dropped === 0,
    missing: [...missing].slice(0, missingMax).map(([spanId, namedBy]) => ({ spanId, namedBy })),
    dropped,
    left: Math.max(0, ordered.length - stepsMax),
    spans: ordered.slice(0, stepsMax).map(({ spanId, step, parent, parentId, depth }) => shown(spanId, step, parent, parentId, depth)),
  };

  function shown(spanId: string, step: Step, parent: Step | undefined, parentId: string | undefined, depth: number): TraceStep {
    const { data, node, isOwn } = step.told;
    const waited = waitOf(step, parent);
    return {
      spanId,
      parentSpanId: parentId ?? null,
      depth,
      kind: step.kind,
      name: data.name,
      node,
      site: siteOf(node) ?? "",
      startAt: isoTime(step.startMs),
      fromMs: step.startMs - startMs,
      tookMs: Math.max(0, step.endMs - step.startMs),
      waited: waited === undefined ? null : { for: waited.for, fromMs: waited.startMs - startMs, tookMs: waited.endMs - waited.startMs },
      status: data.status.code === "STATUS_CODE_ERROR" ? "error" : data.status.code === "STATUS_CODE_OK" ? "ok" : "unset",
      error: text(data.attributes["error.type"]),
      event: text(data.attributes["cloudevents.event_id"]),
      eventType: text(data.attributes["cloudevents.event_type"]),
      attributes: isOwn ? Object.fromEntries(Object.entries(data.attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))) : {},
    };
  }

  function waitOf({ kind, told, startMs: fromMs, endMs: toMs }: Step, parent: Step | undefined): { readonly for: "link" | "turn"; readonly startMs: number; readonly endMs: number } | undefined {
    const opened = told.data.events?.find(({ name }) => name === spanNames.opened);
    if (kind === "link" && opened !== undefined) {
      const openedMs = Math.min(toMs, here(told.node, millis(opened.timeUnixNano), told.epoch));
      return openedMs > fromMs ? { for: "link", startMs: fromMs, endMs: openedMs } : undefined;
    }
    return kind === "function" && parent !== undefined && fromMs > parent.endMs ? { for: "turn", startMs: parent.endMs, endMs: fromMs } : undefined;
  }
}

/** The span that it names; where that is a way over a link which found no room, the one that the event carries. */
function parentOf({ parent, told }: Step, steps: ReadonlyMap<string, Step>): string | undefined {
  if (parent !== undefined && steps.has(parent)) return parent;
  const carried = text(told.data.attributes[spanNames.event]);
  return carried !== null && steps.has(carried) ? carried : undefined;
}

/** What led to it is outside: a device or a caller that told nothing here, or what nobody followed. */
const beginsHere = ({ kind, told }: Step): boolean => kind === "door" || kind === "other" || told.data.attributes["faas.trigger"] === "http" || told.data.attributes[spanNames.kept] !== undefined;

function kindOf({ isOwn, data }: ToldSpan): StepKind {
  if (!isOwn) return "other";
  if (spanNames.model in data.attributes) return "model";
  if (spanNames.to in data.attributes) return "link";
  if (spanNames.source in data.attributes) return "door";
  return "faas.name" in data.attributes ? "function" : "other";
}
