/** Events for tests: as little as a test wants to say of each, or as `holon event tail --json` wrote them down. */
import { eventSchema } from "@holon/core/schema/event.ts";
import type { UnitEvent } from "@holon/core/ports.ts";

/** An event of which a test says no more than matters to it. */
export interface TestEvent extends Partial<UnitEvent> {
  readonly data: unknown;
}

/** Where virtual time begins if no event says so: 2026-01-01T00:00:00Z. */
export const testStartMs = 1_767_225_600_000;
const apartMs = 1_000;

/**
 * What is left out is filled in: the type of the trigger; event times a second apart; arrival at the event's time; ids by number.
 * They are handed over in the order given, and virtual time is the latest arrival so far.
 */
export function* fillIn(events: Iterable<TestEvent>, type: string): Generator<UnitEvent> {
  let index = 0;
  let lastMs = testStartMs - apartMs;
  for (const event of events) {
    const timeMs = event.timeMs ?? lastMs + apartMs;
    lastMs = timeMs;
    index += 1;
    yield { id: `test/${index}`, type: type.replace(/\.\*$/, ""), source: "/test", subject: undefined, timeMs, arrivedMs: event.arrivedMs ?? timeMs, ...withoutUndefined(event) };
  }
}

/** A recording: one CloudEvent as JSON on each line. A line that is none throws and is named by its number. */
export function* readRecording(text: string): Generator<UnitEvent> {
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (line.trim() === "") continue;
    const { id, type, source, subject, time, recordedtime, traceparent, data } = parseLine(line, number);
    yield { id, type, source, subject, timeMs: Date.parse(time), arrivedMs: Date.parse(recordedtime), data, ...(traceparent === undefined ? {} : { traceparent }) };
  }
}

function parseLine(line: string, number: number): ReturnType<typeof eventSchema.parse> {
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(`line ${number} of the recording is no event`, { cause });
  }
}

const withoutUndefined = (event: TestEvent): TestEvent => Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as TestEvent;
