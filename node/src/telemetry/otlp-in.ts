/**
 * Takes what OpenTelemetry SDKs send (OTLP/HTTP): a request is answered when all of it is on disk, as records of at most a part of a megabyte. An item that is too large, has an id that is none, or a field that is none in JSON, is rejected and
 * told so; while much waits for the disk, the sender is told when to come back. Its class is what the operator says: `raw` unless told, and then it stays here.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { TelemetrySettings } from "@holon/core/telemetry/settings.ts";
import { otlpTypes, shapes, type Signal } from "@holon/core/telemetry/otlp/convert.ts";
import { decodeJson, decodeProtobuf, encodeJson, encodeProtobuf, fromJson, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { badIdIn, objectsIn } from "@holon/core/telemetry/otlp/ids.ts";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import type { Guard } from "../policy/guard.ts";

export interface OtlpIn {
  /** `contentType` is that of the request; the answer has the same. `HOLON_ARGUMENT_BAD`, `HOLON_CALL_BUSY`. */
  take(signal: Signal, contentType: string, body: Uint8Array): Promise<{ readonly contentType: string; readonly body: Uint8Array }>;
}

export interface OtlpInOptions {
  readonly settings: TelemetrySettings;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly guard: Pick<Guard, "mayExport" | "stays">;
}

const json = "application/json";
const protobuf = "application/x-protobuf";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function createOtlpIn({ settings, log, events, guard }: OtlpInOptions): OtlpIn {
  let pendingBytes = 0;

  async function take(signal: Signal, contentType: string, body: Uint8Array): Promise<{ readonly contentType: string; readonly body: Uint8Array }> {
    const mediaType = contentType.split(";", 1).join().trim().toLowerCase(); // RFC 9110, section 8.3.1
    const isJson = mediaType === json;
    if (!isJson && mediaType !== protobuf) throw new HolonError("HOLON_ARGUMENT_BAD", "the body is neither application/json nor application/x-protobuf");
    if (pendingBytes > 0 && pendingBytes + body.length > limits.otlpPendingBytesMax) throw new HolonError("HOLON_CALL_BUSY", "what came before is not on disk yet", { retryAfterMs: limits.otlpRetryMs });
    pendingBytes += body.length;
    try {
      const shape = shapes[signal];
      const { request, malformed } = isJson ? requestOfJson(signal, body) : { request: decodeProtobuf(shape.request, body), malformed: [] };
      const { parts, rejected, why } = partsOf(signal, request, malformed);
      const dataClass = settings.otlp[signal];
      const isMeant = dataClass !== "raw" && dataClass !== "personal";
      const stream = isMeant && guard.mayExport(dataClass, "telemetry") ? "telemetry" : "local";
      const records = parts.map((data): NewRecord => events.record({ stream, type: otlpTypes[signal], class: dataClass, producer: "otlp", data }));
      if (records.length > 0) await log.append({ records });
      if (isMeant && stream === "local") for (const _ of records) guard.stays(dataClass, "telemetry", undefined, true);
      const answer: OtlpMessage = rejected === 0 ? {} : { partialSuccess: { [shape.rejected]: String(rejected), errorMessage: why.join("; ") } };
      return { contentType: isJson ? json : protobuf, body: isJson ? encodeJson(answer) : encodeProtobuf(shape.response, answer) };
    } catch (error) {
      const coded = toHolonError(error);
      // A sender that is told 507 gives up; one that is told to come back does.
      if (coded.code === "HOLON_DISK_FULL") throw new HolonError("HOLON_CALL_BUSY", "the disk is full", { retryAfterMs: limits.otlpRetryMs, cause: coded });
      throw coded;
    } finally {
      pendingBytes -= body.length;
    }
  }

  return { take };
}

interface Malformed {
  readonly why: string;
  readonly count: number;
}

const itemMessages = { traces: "Span", metrics: "Metric", logs: "LogRecord" } as const;

/** What is wrong with one item costs that item alone; what is wrong around them, all. */
function requestOfJson(signal: Signal, body: Uint8Array): { readonly request: OtlpMessage; readonly malformed: readonly Malformed[] } {
  const { request: message, resources, scopes, items } = shapes[signal];
  try {
    return { request: decodeJson(message, body), malformed: [] };
  } catch (error) {
    const { code } = toHolonError(error);
    const parsed = code === "HOLON_ARGUMENT_BAD" ? looseJson(body) : undefined;
    if (parsed === undefined) throw error;
    const malformed: Malformed[] = [];
    for (const resource of listIn(parsed, resources)) {
      for (const scope of listIn(resource, scopes)) {
        if (!isObject(scope) || !Array.isArray(scope[items])) continue;
        scope[items] = scope[items].filter((item: unknown) => {
          const why = whyMalformed(itemMessages[signal], item);
          if (why !== undefined) malformed.push({ why, count: signal === "metrics" && isObject(item) ? Math.max(1, Object.values(item).reduce((sum: number, data) => sum + listIn(data, "dataPoints").length, 0)) : 1 });
          return why === undefined;
        });
      }
    }
    if (malformed.length === 0) throw error;
    return { request: fromJson(message, parsed), malformed };
  }
}

function whyMalformed(message: (typeof itemMessages)[Signal], item: unknown): string | undefined {
  try {
    fromJson(message, item, itemDepth);
    return undefined;
  } catch (error) {
    return toHolonError(error).message.replace(/^the body is/, "an item is");
  }
}

/** Request, resource and scope stand above an item. */
const itemDepth = 3;

function looseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = isObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}

/** Each with its resource and scope, so that every record stands for itself. */
function partsOf(signal: Signal, request: OtlpMessage, malformed: readonly Malformed[]): { readonly parts: readonly OtlpMessage[]; readonly rejected: number; readonly why: readonly string[] } {
  const { resources, scopes, items } = shapes[signal];
  const parts: OtlpMessage[] = [];
  const why = new Set<string>(malformed.map((one) => one.why));
  let rejected = malformed.reduce((sum, { count }) => sum + count, 0);
  for (const { [scopes]: ofScopes, ...resource } of objectsIn(request[resources])) {
    for (const { [items]: ofItems, ...scope } of objectsIn(ofScopes)) {
      let gathered: OtlpMessage[] = [];
      let bytes = 0;
      const close = (): void => {
        if (gathered.length > 0) parts.push({ ...resource, [scopes]: [{ ...scope, [items]: gathered }] });
        gathered = [];
        bytes = 0;
      };
      for (const item of objectsIn(ofItems)) {
        const size = encoder.encode(JSON.stringify(item)).length;
        const bad = size > limits.otlpItemBytesMax ? `an item is over ${limits.otlpItemBytesMax} bytes` : badIdIn(signal, item);
        if (bad !== undefined) {
          why.add(bad); // there are as many as there are fields
          rejected += signal === "metrics" ? pointsIn(item) : 1;
        } else {
          if (bytes + size > limits.otlpItemBytesMax) close();
          gathered.push(item);
          bytes += size;
        }
      }
      close();
    }
  }
  return { parts, rejected, why: [...why] };
}

/** Of a metric, the data points are what is counted. */
function pointsIn(metric: OtlpMessage): number {
  return Object.values(metric).reduce((sum: number, data) => sum + (typeof data === "object" && !Array.isArray(data) ? objectsIn(data["dataPoints"]).length : 0), 0);
}
