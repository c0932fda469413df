/** What a node gives to the devices behind a door: its own events of some types, from when the door was opened, as they are committed or as they are made. */
import { decodeStoredEvent, storedType } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type Log, type NewRecord } from "@holon/core/log/log.ts";
import type { OpenDoor, Trace } from "@holon/core/ports.ts";
import type { MqttSourceSpec } from "@holon/core/schema/app.ts";

export interface Gives {
  committed(lanes: readonly Lane[]): void;
  /** A unit has made them, and the disk does not have them yet. */
  made(records: readonly NewRecord[]): void;
  close(): void;
}

/** `give` is the door's. */
export function openGives(spec: MqttSourceSpec, { log, trace }: { readonly log: Log; readonly trace: Trace }, give: NonNullable<OpenDoor["give"]>): Gives {
  const topicsOf = (atOnce: boolean): ReadonlyMap<string, string> => new Map((spec.gives ?? []).filter((one) => (one.atOnce ?? false) === atOnce).map(({ type, topic }) => [type, topic]));
  const [whenStored, whenMade] = [topicsOf(false), topicsOf(true)];
  const read = new Map([...log.heads()].map(([name, { mark }]) => [name, mark.sequence]));
  const due = new Map<string, Lane>();
  let busy = false;
  let closed = false;

  async function work(): Promise<void> {
    for (let next = [...due][0]; next !== undefined && !closed; next = [...due][0]) {
      const [name, lane] = next;
      due.delete(name);
      try {
        await giveFrom(name, lane);
      } catch (error) {
        read.set(name, log.head(lane)?.sequence ?? 0); // a device is given what is new: what cannot be read now is not given late
        trace.note("warn", `source ${spec.name}: what it gives could not be read: ${String(error)}`);
      }
    }
    busy = false;
  }

  async function giveFrom(name: string, lane: Lane): Promise<void> {
    for (let from = (read.get(name) ?? 0) + 1; from <= (log.head(lane)?.sequence ?? 0) && !closed; from = (read.get(name) ?? 0) + 1) {
      const records = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const record of records) giveOne(record, whenStored);
      read.set(name, records.at(-1)?.sequence ?? log.head(lane)?.sequence ?? from);
    }
  }

  function giveOne({ bytes }: Pick<NewRecord, "bytes">, topics: ReadonlyMap<string, string>): void {
    const type = storedType(bytes);
    const topic = type === undefined ? undefined : topics.get(type);
    if (topic === undefined || closed) return;
    const { subject = "", data } = decodeStoredEvent(bytes);
    give(topic.replaceAll("{subject}", () => subject), encoder.encode(JSON.stringify(data)));
  }

  return {
    committed(lanes) {
      for (const lane of lanes) if (lane.origin === log.origin) due.set(laneName(lane), lane);
      if (busy || closed || whenStored.size === 0) return;
      busy = true;
      void work();
    },
    made(records) {
      if (whenMade.size > 0) for (const record of records) giveOne(record, whenMade);
    },
    close: () => void (closed = true),
  };
}

const encoder = new TextEncoder();
