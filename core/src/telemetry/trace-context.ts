/** W3C Trace Context (Recommendation, section 3.2): what an event carries so that its way through functions can be told. */
import type { UnitSpan } from "../ports.ts";

const form = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for what is none. Of a later version only what this one knows is read, as the standard wants. */
export function parseTraceparent(text: string | undefined): UnitSpan | undefined {
  const [, version, traceId, spanId, flags = "", rest] = form.exec(text ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || (version === "00" && rest !== undefined)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const printTraceparent = ({ traceId, spanId, sampled }: UnitSpan): string => `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
