/** A span as it stands in the log: OTLP's own names, attributes as an object and names for its numbers. */
import { z } from "zod";

export const spanType = "holon.trace.span";

export const spanKinds = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
export type SpanKind = (typeof spanKinds)[number];

const nanoseconds = z.string().regex(/^\d{1,20}$/);

/** Later versions may say more. */
export const spanDataSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().regex(/^[0-9a-f]{16}$/).optional(),
  name: z.string().max(512),
  kind: z.string().max(32),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.undefined()])),
  /** Moments within it, as OTLP calls them. */
  events: z.array(z.object({ timeUnixNano: nanoseconds, name: z.string().max(64) })).optional(),
  status: z.object({ code: z.string().max(32) }),
});
export type SpanData = z.infer<typeof spanDataSchema>;
