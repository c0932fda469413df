/**
 * What a log may let go of, and in which order: pure, from policy and what is held to a plan. Raw before aggregate; alarms only when they
 * are safe elsewhere; audit only when it is safe elsewhere; what nobody has but this node goes last.
 */
import { streamNames, type StreamName } from "../schema/event.ts";

export interface StreamRetention {
  /** Records older than this may go, safe or not (`alarm` and `audit`: only if safe). */
  readonly maxAgeMs?: number | undefined;
  /** Beyond this many bytes the oldest go. */
  readonly maxBytes?: number | undefined;
}

export interface RetentionPolicy {
  readonly streams: { readonly [Stream in StreamName]?: StreamRetention | undefined };
  /** Of the whole log. Beyond it, streams are sacrificed in the declared order. */
  readonly maxBytes?: number | undefined;
}

/** Where a node's configuration says nothing. */
export const defaultRetention: RetentionPolicy = { streams: { local: { maxBytes: 4 * 2 ** 30 }, telemetry: { maxBytes: 2 ** 29 } } };

/** The order in which streams give way when space is short. `alarm` gives only what is safe. */
export const orderOfSacrifice = ["local", "telemetry", "data", "audit", "alarm"] as const satisfies readonly StreamName[];
/** Streams that never lose what is not safe elsewhere. */
const neverUnsafe: readonly StreamName[] = ["alarm", "audit"];

/** One lane's part of one segment. */
export interface HeldPart {
  readonly segment: number;
  readonly lane: string;
  readonly stream: StreamName;
  readonly bytes: number;
  readonly lastSequence: number;
  /** When its newest record was recorded, ms since 1970. */
  readonly newestMs: number;
}

export interface RetentionInput {
  readonly policy: RetentionPolicy;
  readonly nowMs: number;
  /** Oldest segment first; the segment that is being written is not among them. */
  readonly parts: readonly HeldPart[];
  readonly totalBytes: number;
  /** Last sequence of each lane that is durable beyond this node and its parent's loss; 0 for lanes that never leave. */
  readonly safe: ReadonlyMap<string, number>;
  /** Last sequence of each lane that every reader on this node has passed. */
  readonly read: ReadonlyMap<string, number>;
  /** Bytes to free beyond what the policy asks, because the disk is full. */
  readonly needBytes: number;
}

export interface Expiry {
  readonly lane: string;
  /** All records up to this one go. */
  readonly through: number;
  readonly rule: string;
}

export function planRetention(input: RetentionInput): readonly Expiry[] {
  const expiries = new Map<string, Expiry>();
  let freed = 0;
  const isGone = (part: HeldPart): boolean => (expiries.get(part.lane)?.through ?? 0) >= part.lastSequence;
  const expire = (part: HeldPart, rule: string): void => {
    if (isGone(part)) return;
    expiries.set(part.lane, { lane: part.lane, through: part.lastSequence, rule });
    freed += part.bytes;
  };
  const times = recordedMs(input.parts);
  for (const stream of streamNames) byAgeAndBytes(stream, input, times, expire);
  const wanted = Math.max(input.needBytes, input.policy.maxBytes === undefined ? 0 : input.totalBytes - input.policy.maxBytes);
  for (const step of sacrifices) {
    for (const part of input.parts) {
      if (freed >= wanted) return [...expiries.values()];
      if (!isGone(part) && step.takes(part, input)) expire(part, step.rule);
    }
  }
  return [...expiries.values()];
}

/** No clock that was ever set says less. */
const plausibleFromMs = 1_577_836_800_000; // 2020

/**
 * When each part was recorded at the earliest. Clocks that record may be wrong, but what stands behind another record is not older than it;
 * a time that no clock would say that was ever set is none at all.
 */
function recordedMs(parts: readonly HeldPart[]): ReadonlyMap<HeldPart, number> {
  const latestBySegment = new Map<number, number>();
  for (const { segment, newestMs } of parts) latestBySegment.set(segment, Math.max(newestMs, latestBySegment.get(segment) ?? newestMs));
  const times = new Map<HeldPart, number>();
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    latestMs = Math.max(latestMs, latestBySegment.get(part.segment) ?? latestMs);
    times.set(part, latestMs < plausibleFromMs ? Number.POSITIVE_INFINITY : latestMs);
  }
  return times;
}

function byAgeAndBytes(stream: StreamName, input: RetentionInput, times: ReadonlyMap<HeldPart, number>, expire: (part: HeldPart, rule: string) => void): void {
  const rule = input.policy.streams[stream];
  if (rule === undefined) return;
  const parts = input.parts.filter((part) => part.stream === stream && mayGo(part, input));
  const blocked = new Set<string>();
  let held = input.parts.reduce((sum, part) => (part.stream === stream ? sum + part.bytes : sum), 0);
  for (const part of parts) {
    if (blocked.has(part.lane)) continue;
    const old = rule.maxAgeMs !== undefined && input.nowMs - (times.get(part) ?? part.newestMs) > rule.maxAgeMs;
    const over = rule.maxBytes !== undefined && held > rule.maxBytes;
    if (old) expire(part, `${stream} older than ${rule.maxAgeMs} ms`);
    else if (over) expire(part, `${stream} beyond ${rule.maxBytes} bytes`);
    else blocked.add(part.lane); // a lane is let go of from its beginning only
    if (old || over) held -= part.bytes;
  }
}

const isSafe = (part: HeldPart, input: RetentionInput): boolean => part.stream !== "local" && part.lastSequence <= (input.safe.get(part.lane) ?? 0);
const isRead = (part: HeldPart, input: RetentionInput): boolean => part.lastSequence <= (input.read.get(part.lane) ?? Number.POSITIVE_INFINITY);
const mayGo = (part: HeldPart, input: RetentionInput): boolean => isSafe(part, input) || (!neverUnsafe.includes(part.stream) && isRead(part, input));

interface Sacrifice {
  readonly rule: string;
  takes(part: HeldPart, input: RetentionInput): boolean;
}

/** First what is safe elsewhere, in order; then what is not, in order, but never alarms and audit. */
const sacrifices: readonly Sacrifice[] = [
  ...orderOfSacrifice.map((stream) => ({ rule: `space: ${stream} that is safe elsewhere`, takes: (part: HeldPart, input: RetentionInput) => part.stream === stream && isSafe(part, input) })),
  ...orderOfSacrifice
    .filter((stream) => !neverUnsafe.includes(stream))
    .map((stream) => ({ rule: `space: ${stream}`, takes: (part: HeldPart) => part.stream === stream })),
];
