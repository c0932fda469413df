/**
 * Producers of one bulk source. Each numbers its events; how far they are stored is its mark, written in the append of the events, so a batch
 * that comes again, after however long, is not stored twice. Whoever begins under a name gets the next epoch, and the one before may send no more.
 *
 * Invariants: a mark never says more than is on disk; events of one producer are stored in the order of their numbers, none twice, none left
 * out. Several batches may be on their way to the disk: they are appended in line, so that what follows a failed one falls with it.
 */
import { packBatch } from "@holon/core/bulk/pack.ts";
import { parseBatch } from "@holon/core/bulk/batch.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { AppendLine, Log } from "@holon/core/log/log.ts";
import type { ProducerSession } from "@holon/core/ports.ts";
import type { DataClass, StreamName } from "@holon/core/schema/event.ts";
import { z } from "zod";
import { createRooms } from "../log/rooms.ts";

export interface Producers {
  /** As `enterProducer` of `DoorSink`. */
  enter(name: string, epoch: number | undefined, replaced: (problem: HolonError | undefined) => void): Promise<ProducerSession>;
}

export interface ProducersContext {
  readonly app: string;
  readonly source: string;
  readonly log: Pick<Log, "append" | "cell" | "cells">;
  readonly class: DataClass;
  stream(): StreamName;
  /** As JSON text, see `core/src/bulk/pack.ts`. */
  attributes(subject: string | undefined, timeMs: number | undefined): string;
  stored(events: number, bytes: number): void;
  failed(problem: HolonError): void;
}

interface Producer {
  readonly name: string;
  epoch: number;
  /** Of the last event that is on disk, and that is on its way there. */
  durable: number;
  staged: number;
  line: AppendLine;
  /** Settles when all that is on its way is on disk, or has failed. */
  underWay: Promise<unknown>;
  holder: { replaced(problem: HolonError | undefined): void } | undefined;
}

const markSchema = z.strictObject({ epoch: z.int(), sequence: z.int() });
const encoder = new TextEncoder();

export const producerCell = (app: string, source: string, producer: string): string => `producer/${app}/${source}/${producer}`;

export function openProducers(context: ProducersContext): Producers {
  const { app, source, log } = context;
  const prefix = producerCell(app, source, "");
  const producers = new Map<string, Producer>();
  for (const [key, value] of log.cells(prefix)) {
    const { epoch, sequence } = markSchema.parse(parseJson(value));
    const name = key.slice(prefix.length);
    producers.set(name, { name, epoch, durable: sequence, staged: sequence, line: { failure: undefined }, underWay: Promise.resolve(), holder: undefined });
  }

  const markCell = ({ name, epoch }: Producer, sequence: number) => ({ key: prefix + name, value: encoder.encode(JSON.stringify({ epoch, sequence })) });

  function producerOf(name: string): Producer {
    const known = producers.get(name);
    if (known !== undefined) return known;
    if (producers.size >= limits.bulkProducersMax) throw new HolonError("HOLON_PRODUCER_FULL", `source ${source} remembers ${producers.size} producers and takes on no further one, ${name}`);
    const producer: Producer = { name, epoch: 0, durable: 0, staged: 0, line: { failure: undefined }, underWay: Promise.resolve(), holder: undefined };
    producers.set(name, producer);
    return producer;
  }

  const fenced = ({ name, epoch }: Producer): HolonError => new HolonError("HOLON_PRODUCER_FENCED", `producer ${name} of source ${source} has begun anew elsewhere, as epoch ${epoch}`);

  /** Room for batches on their way: see there. */
  const rooms = createRooms(limits.bulkCreditBytes);

  async function store(producer: Producer, holder: Producer["holder"], frame: Uint8Array): Promise<number> {
    if (producer.holder !== holder) throw fenced(producer);
    if (producer.line.failure !== undefined) throw producer.line.failure;
    const batch = parseBatch(frame);
    const last = batch.base + batch.count - 1;
    if (batch.base > producer.staged + 1) throw new HolonError("HOLON_PRODUCER_GAP", `producer ${producer.name} of source ${source} sent event ${batch.base} behind ${producer.staged}`);
    if (last <= producer.staged) {
      if (last > producer.durable) await producer.underWay;
      if (last > producer.durable) throw producer.line.failure ?? fenced(producer);
      return producer.durable;
    }
    let room: Uint8Array | undefined;
    const packed = packBatch(batch, producer.staged + 1 - batch.base, context.attributes, (bytes) => {
      room = rooms.take(bytes);
      return room;
    });
    producer.staged = last;
    const { line } = producer;
    const appended = log.append({ packed: { ...packed, stream: context.stream(), class: context.class }, cells: [markCell(producer, last)], line });
    producer.underWay = appended.catch(() => undefined); // told to whoever sent it
    try {
      await appended;
    } catch (error) {
      line.failure ??= toHolonError(error);
      context.failed(line.failure);
      throw line.failure;
    } finally {
      if (room !== undefined) rooms.giveBack(room);
    }
    producer.durable = last;
    context.stored(packed.count, packed.recordBytes);
    return last;
  }

  return {
    async enter(name, epoch, replaced) {
      const producer = producerOf(name);
      if (epoch !== undefined && epoch < producer.epoch) throw fenced(producer);
      const before = producer.holder;
      const holder = { replaced };
      producer.holder = holder;
      const goesOn = epoch !== undefined && epoch === producer.epoch;
      if (!goesOn) producer.epoch = epoch ?? producer.epoch + 1; // given a later one than is known: this log was restored from a backup
      before?.replaced(goesOn ? undefined : fenced(producer));
      await producer.underWay;
      if (!goesOn) await log.append({ cells: [markCell(producer, producer.durable)] });
      if (producer.holder !== holder) throw fenced(producer);
      producer.staged = producer.durable;
      producer.line = { failure: undefined };
      return { epoch: producer.epoch, sequence: producer.durable, accept: (frame) => store(producer, holder, frame) };
    },
  };
}
