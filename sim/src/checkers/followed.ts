/**
 * What functions did on nodes that were cut off, and what an SDK told them, against what came of it: each reading's steps at the root once each, all of them where nothing may be thinned, and what was
 * acknowledged as OTLP there exactly once. What was done is read from each node's own `local`, and never from what it told.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { LogRecord } from "@holon/core/log/log.ts";
import { spanDataSchema, spanType } from "@holon/core/telemetry/span.ts";

export interface Followed {
  readonly node: string;
  /** Of the node's own `local`, as it has it; and of its `telemetry`, as the root has it. */
  readonly local: readonly LogRecord[];
  readonly arrived: readonly LogRecord[];
  /** Whether steps of what was recorded at this time (wall) may stay on the node. */
  mayBeThinned(atMs: number): boolean;
}

/** The last digits of a trace by which one of eight is kept. */
const keptBelow = 0x20;

/** One sentence for each reading whose steps are not there, or there twice; at least one reading for each that says so must lie where all is kept. */
export function checkFollowed(door: string, unit: string, { node, local, arrived, mayBeThinned }: Followed): { readonly violations: readonly string[]; readonly whole: number; readonly thinned: number } {
  const violations: string[] = [];
  let [whole, thinned] = [0, 0];
  const steps = new Map<string, number>();
  const spans = new Set<string>();
  for (const { type, data } of arrived.map(eventOf)) {
    if (type !== spanType) continue;
    const { traceId, spanId, name } = spanDataSchema.parse(data);
    if (spans.has(`${traceId}/${spanId}`)) violations.push(`the step ${name} of the trace ${traceId} of ${node} came twice`);
    spans.add(`${traceId}/${spanId}`);
    steps.set(`${traceId} ${name}`, (steps.get(`${traceId} ${name}`) ?? 0) + 1);
  }
  for (const { type, recordedtime, traceparent = "" } of local.map(eventOf)) {
    if (type !== "sim.reading") continue;
    const [, traceId = "", , flags] = traceparent.split("-");
    if (flags !== "01") violations.push(`a reading of ${node} of ${recordedtime} is not followed`);
    const found = [door, unit].map((name) => steps.get(`${traceId} ${name}`) ?? 0);
    const mayStay = mayBeThinned(Date.parse(recordedtime)) && Number.parseInt(traceId.slice(-2), 16) >= keptBelow;
    if (found.every((count) => count === 1)) whole += 1;
    else if (mayStay && found.every((count) => count <= 1)) thinned += 1;
    else violations.push(`of a reading of ${node} of ${recordedtime} there are ${found[0] ?? 0} steps of its door and ${found[1] ?? 0} of its function`);
  }
  return { violations, whole, thinned };
}

/** `sent`: what the node has acknowledged, each a text that stands in nothing else that it took. */
export function checkTaken(node: string, arrived: readonly LogRecord[], sent: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { type, data } of arrived.map(eventOf)) {
    if (!type.startsWith("holon.otlp.")) continue;
    for (const [name] of JSON.stringify(data).matchAll(/sdk-[a-z]+-\d+/g)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return sent.flatMap((name) => (counts.get(name) === 1 ? [] : [`${name}, which ${node} acknowledged, came ${counts.get(name) ?? 0} times`]));
}

const eventOf = ({ bytes }: LogRecord): ReturnType<typeof parseStoredEvent> => parseStoredEvent(bytes, "");
