/** Makes the events of one node: the attributes that every event has from birth. */
import { encodeWithData, isoTime } from "@holon/core/event/stored.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { DataClass, StoredEvent, StreamName } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";

export interface EventInput {
  readonly stream: StreamName;
  readonly type: string;
  readonly class: DataClass;
  /** Producer below this node, for example `pump-watch/judge`. */
  readonly producer: string;
  readonly subject?: string | undefined;
  /** Event time; without it the time of recording. */
  readonly timeMs?: number | undefined;
  readonly causedBy?: string | undefined;
  /** The device's own counter. */
  readonly deviceCounter?: number | undefined;
  readonly data: unknown;
}

export interface Events {
  record(input: EventInput): NewRecord;
}

export function createEvents(config: Pick<NodeConfig, "name" | "jurisdiction">, clock: Clock): Events {
  /** Attributes of the last event as JSON: those that come together differ in their data alone. */
  let last: { readonly input: EventInput; readonly wall: ReturnType<Clock["wall"]>; readonly text: string } | undefined;

  function attributes(input: EventInput): string {
    const wall = clock.wall();
    if (last !== undefined && last.wall.ms === wall.ms && last.wall.state === wall.state && isAlike(last.input, input)) return last.text;
    const recorded = isoTime(wall.ms);
    const text = JSON.stringify({
      type: input.type,
      source: `/${config.name}/${input.producer}`,
      ...(input.subject === undefined ? {} : { subject: input.subject }),
      time: input.timeMs === undefined ? recorded : isoTime(input.timeMs),
      recordedtime: recorded,
      clock: wall.state,
      class: input.class,
      jurisdiction: config.jurisdiction,
      ...(input.causedBy === undefined ? {} : { causedby: input.causedBy }),
      ...(input.deviceCounter === undefined ? {} : { devicecounter: input.deviceCounter }),
    } satisfies StoredEvent);
    last = { input: { ...input, data: undefined }, wall, text };
    return text;
  }

  return {
    record: (input) => ({ stream: input.stream, class: input.class, bytes: encodeWithData(attributes(input), input.data) }),
  };
}

const isAlike = (one: EventInput, other: EventInput): boolean =>
  one.subject === other.subject && one.type === other.type && one.class === other.class && one.producer === other.producer && one.timeMs === other.timeMs && one.causedBy === other.causedBy && one.deviceCounter === other.deviceCounter;
