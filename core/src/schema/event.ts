/** The event: CloudEvents 1.0 (JSON format) with Holon's attributes. */
import { z } from "zod";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";

export const dataClasses = ["raw", "personal", "derived", "aggregate", "public"] as const;
export const streamNames = ["alarm", "data", "telemetry", "audit", "local"] as const;
export const clockStates = ["synced", "coasting", "unknown"] as const;

export const dataClassSchema = z.enum(dataClasses);
export const streamNameSchema = z.enum(streamNames);

export type DataClass = (typeof dataClasses)[number];
export type StreamName = (typeof streamNames)[number];

/** Streams that a parent may receive, in the order in which a link serves them. `local` never leaves. */
export const exportableStreams = ["alarm", "audit", "data", "telemetry"] as const satisfies readonly StreamName[];

export const eventTypePattern = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/;
export const eventTypeMax = 128;
/** An event type: reverse-domain or dotted lower-case words, for example `pump.alert`. */
export const eventTypeSchema = z.string().regex(eventTypePattern, "dotted lower-case words").max(eventTypeMax);
/** What nodes say themselves, and what is believed of them. */
export const isSystemType = (type: string): boolean => /^holon(\.|$)/.test(type);
export const systemTypeRefused = "names that begin with `holon.` are what nodes say themselves: choose another";
/** Of what apps bring in and make. */
export const appTypeSchema = eventTypeSchema.refine((type) => !isSystemType(type), systemTypeRefused);

/** What is stored of an event: all but `id`, which is the record's name, and `specversion`, which is constant. */
export const storedEventSchema = z.strictObject({
  type: eventTypeSchema,
  /** URI-reference of the producer, for example `/gateway-1/pump-watch/judge`. */
  source: z.string().min(1).max(512),
  subject: z.string().min(1).max(256).optional(),
  /** When it happened, RFC 3339 UTC. */
  time: z.iso.datetime(),
  /** When this node recorded it, RFC 3339 UTC. */
  recordedtime: z.iso.datetime(),
  clock: z.enum(clockStates),
  class: dataClassSchema,
  /** Where it was born, for example `EU/DE`. */
  jurisdiction: z.string().regex(jurisdictionPattern),
  /** 0 (least) to 9. */
  priority: z.int().min(0).max(9).optional(),
  /** What lowered its class: `aggregate count 10`, `redact`, see `core/src/policy/transform.ts`. */
  through: z.string().max(64).optional(),
  /** Name of the record that led to it. */
  causedby: z.string().max(256).optional(),
  /** W3C Trace Context. */
  traceparent: z.string().max(64).optional(),
  /** The device's own counter, where it has one. */
  devicecounter: z.int().min(0).optional(),
  data: z.unknown().optional(),
});

/** An event as it is stored in a record, JSON text in UTF-8. */
export type StoredEvent = z.infer<typeof storedEventSchema>;

/** An event as it is shown to the outside: CloudEvents 1.0. */
export const eventSchema = storedEventSchema.extend({
  specversion: z.literal("1.0"),
  /** `origin/epoch/stream/sequence`. */
  id: z.string().max(256),
  /** CloudEvents' own `sequence` extension is a string. */
  sequence: z.string().regex(/^\d+$/).optional(),
  datacontenttype: z.literal("application/json").optional(),
});

export type Event = z.infer<typeof eventSchema>;
