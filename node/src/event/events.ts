/** Makes the events of one node: the attributes that every event has from birth. */
import { isoTime } from "@holon/core/event/iso-time.ts";
import { encodeWithData } from "@holon/core/event/stored.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { printOnEvent, type Transform } from "@holon/core/policy/transform.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { DataClass, StreamName } from "@holon/core/schema/event.ts";
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
  /** What lowered its class. */
  readonly through?: Transform | undefined;
  readonly causedBy?: string | undefined;
  /** W3C Trace Context. */
  readonly traceparent?: string | undefined;
  /** The device's own counter. */
  readonly deviceCounter?: number | undefined;
  readonly data: unknown;
}

type Attributes = Omit<EventInput, "data">;

export interface Events {
  record(input: EventInput): NewRecord;
  /** All of the event but its data, as JSON text. */
  attributes(input: Attributes): string;
}

export function createEvents(config: Pick<NodeConfig, "name" | "jurisdiction">, clock: Clock): Events {
  const jurisdiction = JSON.stringify(config.jurisdiction);
  /** Attributes of the last event as JSON: those that come together differ in their data alone. */
  let last: { readonly input: Attributes; readonly wall: ReturnType<Clock["wall"]>; readonly text: string } | undefined;

  function attributes(input: Attributes): string {
    const wall = clock.wall();
    if (last !== undefined && last.wall.ms === wall.ms && last.wall.state === wall.state && isAlike(last.input, input)) return last.text;
    const text = textOf(input, wall);
    last = { input: about(input), wall, text };
    return text;
  }

  /** Piece by piece, in the order in which `StoredEvent` names them: an object that is made to be printed costs several times as much. */
  function textOf({ type, producer, subject, timeMs, class: own, through, causedBy, traceparent, deviceCounter }: Attributes, wall: ReturnType<Clock["wall"]>): string {
    const recorded = isoTime(wall.ms);
    let text = `{"type":${JSON.stringify(type)},"source":${JSON.stringify(`/${config.name}/${producer}`)}`;
    if (subject !== undefined) text += `,"subject":${JSON.stringify(subject)}`;
    text += `,"time":"${timeMs === undefined ? recorded : isoTime(timeMs)}","recordedtime":"${recorded}","clock":"${wall.state}","class":"${own}","jurisdiction":${jurisdiction}`;
    if (through !== undefined) text += `,"through":${JSON.stringify(printOnEvent(through))}`;
    if (causedBy !== undefined) text += `,"causedby":${JSON.stringify(causedBy)}`;
    if (traceparent !== undefined) text += `,"traceparent":${JSON.stringify(traceparent)}`;
    return deviceCounter === undefined ? `${text}}` : `${text},"devicecounter":${deviceCounter}}`;
  }

  return {
    attributes,
    record: (input) => ({ stream: input.stream, class: input.class, bytes: encodeWithData(attributes(input), input.data) }),
  };
}

/** The attributes alone: data is not to be kept. */
const about = ({ stream, type, class: own, producer, subject, timeMs, through, causedBy, traceparent, deviceCounter }: Attributes): Attributes => ({ stream, type, class: own, producer, subject, timeMs, through, causedBy, traceparent, deviceCounter });

const isAlike = (one: Attributes, other: Attributes): boolean =>
  one.subject === other.subject && one.type === other.type && one.class === other.class && one.producer === other.producer && one.timeMs === other.timeMs && one.causedBy === other.causedBy && one.through === other.through && one.traceparent === other.traceparent && one.deviceCounter === other.deviceCounter;
