/** What a node gives to the devices behind a door: its own events of some types, from when the door was opened, as they are committed or as they are made; and what other nodes hand on to them. */
import { decodeStoredEvent, storedType } from "@holon/core/event/stored.ts";
import type { Lane, Log, NewRecord } from "@holon/core/log/log.ts";
import type { OpenDoor, Trace } from "@holon/core/ports.ts";
import type { GiveSpec, MqttSourceSpec } from "@holon/core/schema/app.ts";
import { followOwnRecords } from "./own-records.ts";

export interface Gives {
  committed(lanes: readonly Lane[]): void;
  /** A unit has made them, and the disk does not have them yet. */
  made(records: readonly NewRecord[]): void;
  /** What roams, wherever it was made. Returns to how many devices it was handed. */
  roaming(type: string, subject: string, payload: Uint8Array): number;
  close(): void;
}

/** `give` is the door's. */
export function openGives(spec: MqttSourceSpec, { log, trace }: { readonly log: Log; readonly trace: Trace }, give: NonNullable<OpenDoor["give"]>): Gives {
  const topicsOf = (which: (one: GiveSpec) => boolean): ReadonlyMap<string, string> => new Map((spec.gives ?? []).filter(which).map(({ type, topic }) => [type, topic]));
  const [whenStored, whenMade, whenRoaming] = [topicsOf(({ atOnce, roams }) => atOnce !== true && roams !== true), topicsOf(({ atOnce }) => atOnce === true), topicsOf(({ roams }) => roams === true)];
  let closed = false;

  function giveOne({ bytes }: Pick<NewRecord, "bytes">, topics: ReadonlyMap<string, string>): void {
    const type = storedType(bytes);
    const topic = type === undefined ? undefined : topics.get(type);
    if (topic === undefined || closed) return;
    const { subject = "", data } = decodeStoredEvent(bytes);
    give(topic.replaceAll("{subject}", () => subject), encoder.encode(JSON.stringify(data)));
  }

  const own = followOwnRecords(log, {
    each: (record) => giveOne(record, whenStored),
    isWanted: () => whenStored.size > 0,
    failed: (error) => trace.note("warn", `source ${spec.name}: what it gives could not be read: ${String(error)}`),
  });
  return {
    committed: own.committed,
    made(records) {
      if (whenMade.size > 0) for (const record of records) giveOne(record, whenMade);
    },
    roaming(type, subject, payload) {
      const topic = closed ? undefined : whenRoaming.get(type);
      return topic === undefined ? 0 : give(topic.replaceAll("{subject}", () => subject), payload);
    },
    close() {
      closed = true;
      own.close();
    },
  };
}

const encoder = new TextEncoder();
