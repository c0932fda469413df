/** What a node gives to the devices behind a door: its own events of some types, from when the door was opened, as they are committed or as they are made; and what other nodes hand on to them. */
import { isTimeOfEvent } from "@holon/core/event/iso-time.ts";
import { decodeStoredEvent, storedType } from "@holon/core/event/stored.ts";
import type { Lane, Log, NewRecord } from "@holon/core/log/log.ts";
import type { OpenDoor, Trace } from "@holon/core/ports.ts";
import { limits } from "@holon/core/limits.ts";
import type { EventInput, Events } from "../event/events.ts";
import type { GiveSpec, MqttSourceSpec } from "@holon/core/schema/app.ts";
import { followOwnRecords } from "./own-records.ts";

export interface Gives {
  committed(lanes: readonly Lane[]): void;
  /** A unit has made them, and the disk does not have them yet. Returns to how many devices they were handed. */
  made(events: readonly EventInput[]): number;
  /** What roams, wherever it was made. Returns to how many devices it was handed. */
  roaming(type: string, subject: string, payload: Uint8Array): number;
  close(): void;
}

/** `give` is the door's. */
export function openGives(spec: MqttSourceSpec, { log, events, trace }: { readonly log: Log; readonly events: Pick<Events, "record">; readonly trace: Trace }, give: NonNullable<OpenDoor["give"]>): Gives {
  const topicsOf = (which: (one: GiveSpec) => boolean): ReadonlyMap<string, string> => new Map((spec.gives ?? []).filter(which).map(({ type, topic }) => [type, topic]));
  const [whenStored, whenMade, whenRoaming] = [topicsOf(({ atOnce, roams }) => atOnce !== true && roams !== true), topicsOf(({ atOnce }) => atOnce === true), topicsOf(({ roams }) => roams === true)];
  let closed = false;

  function giveStored({ bytes }: Pick<NewRecord, "bytes">): void {
    const type = storedType(bytes);
    const topic = type === undefined ? undefined : whenStored.get(type);
    if (topic === undefined || closed) return;
    const { subject = "", data } = decodeStoredEvent(bytes);
    give(topicFor(topic, () => subject), payloadOf(data));
  }

  /** An actuator waits. What no record will hold is given to nobody: whoever records it says why. */
  function giveMade(event: EventInput): number {
    const { type, subject = "" } = event;
    const topic = closed ? undefined : whenMade.get(type);
    const payload = topic === undefined ? undefined : recordable(event);
    return topic === undefined || payload === undefined ? 0 : give(topicFor(topic, () => subject), payload);
  }

  /** Undefined where no record holds it: it has a time that no event can have, or is no JSON, or too long. */
  function recordable(event: EventInput): Uint8Array | undefined {
    if (event.timeMs !== undefined && !isTimeOfEvent(event.timeMs)) return undefined;
    try {
      const payload = payloadOf(event.data);
      return payload.length + envelopeBytesMax <= limits.recordBytesMax || events.record(event).bytes.length <= limits.recordBytesMax ? payload : undefined;
    } catch {
      return undefined; // whoever records it says why
    }
  }

  const own = followOwnRecords(log, {
    each: giveStored,
    isWanted: () => whenStored.size > 0,
    failed: (error) => trace.note("warn", `source ${spec.name}: what it gives could not be read: ${String(error)}`),
  });
  return {
    committed: own.committed,
    made: (made) => (whenMade.size === 0 ? 0 : made.reduce((devices, event) => devices + giveMade(event), 0)),
    roaming(type, subject, payload) {
      const topic = closed ? undefined : whenRoaming.get(type);
      return topic === undefined ? 0 : give(topicFor(topic, () => subject), payload);
    },
    close() {
      closed = true;
      own.close();
    },
  };
}

const encoder = new TextEncoder();
const payloadOf = (data: unknown): Uint8Array => encoder.encode(JSON.stringify(data));
/** What an event has around its data, mostly: beyond it the record itself is asked. */
const envelopeBytesMax = 4096;
const topicFor = (topic: string, subject: () => string): string => (topic.includes("{subject}") ? topic.replaceAll("{subject}", subject) : topic);
