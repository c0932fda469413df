/** Makes the events of one node: the attributes that every event has from birth. */
import { encodeStoredEvent, isoTime } from "@holon/core/event/stored.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
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
  readonly causedBy?: string | undefined;
  /** The device's own counter. */
  readonly deviceCounter?: number | undefined;
  readonly data: unknown;
}

export interface Events {
  record(input: EventInput): NewRecord;
}

export function createEvents(config: Pick<NodeConfig, "name" | "jurisdiction">, clock: Clock): Events {
  return {
    record(input) {
      const wall = clock.wall();
      const recorded = isoTime(wall.ms);
      const bytes = encodeStoredEvent({
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
        data: input.data,
      });
      return { stream: input.stream, class: input.class, bytes };
    },
  };
}
