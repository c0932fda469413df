/**
 * A producer for a node's bulk door: hands over events by the batch, each stored once, however often the connection breaks.
 *
 *     publish ─▶ gathering (one batch) ─▶ waiting ─▶ on the way (numbered, at most so many) ─▶ stored: the promises of its events resolve
 *
 * What is published in one turn goes together, and while enough is on the way, so does what comes meanwhile. After a broken connection the door says
 * how far it has stored; what lies behind that is sent again. Memory is bounded: `publish` refuses what finds no room.
 */
import { createBatchWriter, type BatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { bulkProtocol, createFrameCutter, encodeHello, parseDoorFrame, type FrameCutter, type Welcome } from "@holon/core/bulk/frame.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { limits } from "@holon/core/limits.ts";

/** What a producer needs of a connection: a socket of `node:net` or `node:tls` is one. */
export interface ByteStream {
  write(bytes: Uint8Array): boolean;
  on(event: "data" | "close" | "error", listener: (piece: Uint8Array) => void): unknown;
  destroy(): unknown;
}

export interface ProducerOptions {
  /** Name of the source in the app's manifest. */
  readonly source: string;
  /** Of this producer among the source's: kept when it starts again. Two that run at once need two names. */
  readonly producer: string;
  /** For example `() => connect(7410, "127.0.0.1")` of `node:net`. */
  connect(): ByteStream;
  /** For example `setTimeout` of `node:timers/promises`: how long to wait before the next attempt to connect. */
  wait(ms: number): Promise<unknown>;
  /** Events of one batch. */
  readonly batchEventsMax?: number;
  /** Batches on the way. */
  readonly batchesMax?: number;
  /** Bytes of events that are not stored yet. */
  readonly bufferBytesMax?: number;
}

export interface About {
  readonly subject?: string | undefined;
  /** When it happened, ms since 1970; without it, when the node records it. */
  readonly timeMs?: number | undefined;
}

export interface Producer {
  /**
   * Resolves when the event is on the node's disk. `data` is anything that JSON can say. `HOLON_PRODUCER_BUSY` if there is no room for it now, see `room`;
   * `HOLON_RECORD_TOO_LARGE`; and what the door refuses, after which the producer takes no more.
   */
  publish(data: unknown, about?: About): Promise<void>;
  /** The same for data that is JSON text already, in UTF-8; the bytes are their caller's again at once. */
  publishJson(json: Uint8Array, about?: About): Promise<void>;
  /** Resolves when the door has let it in, with the number of events that are stored of this name: who has a store of its own goes on behind them. */
  ready(): Promise<number>;
  /** Resolves when there is room again. */
  room(): Promise<void>;
  /** Resolves when all that was published is on disk. */
  flush(): Promise<void>;
  /** Ends the connection; what is not stored by then is not. */
  close(): void;
  status(): { readonly stored: number; readonly waiting: number; readonly problem: HolonError | undefined };
}

const encoder = new TextEncoder();
const defaults = { batchEventsMax: 512, batchesMax: 4, bufferBytesMax: 8 << 20 };

/** Events that go together. */
interface Batch {
  readonly writer: BatchWriter;
  readonly done: Promise<void>;
  resolve(): void;
  reject(problem: HolonError): void;
  /** Set when it is first sent. */
  frame: Uint8Array<ArrayBuffer> | undefined;
  isSentAgain: boolean;
  last: number;
}

export function createProducer(options: ProducerOptions): Producer {
  const { batchEventsMax, batchesMax, bufferBytesMax } = { ...defaults, ...options };
  let gathering: Batch | undefined;
  const waiting: Batch[] = [];
  const onTheWay: Batch[] = [];
  let sentBytes = 0;
  let heldBytes = 0;
  let isFlushDue = false;
  let epoch: number | undefined;
  let stored = 0;
  let next = 1;
  let storedEvents = 0;
  let welcome: Welcome | undefined;
  let stream: ByteStream | undefined;
  let problem: HolonError | undefined;
  let attempt = 0;
  const roomWanted: (() => void)[] = [];
  /** Of batches that are stored: written over by the next ones, since making such pieces anew is much of the work. */
  const spare: Uint8Array<ArrayBuffer>[] = [];
  const ready = withResolvers<number>();
  ready.promise.catch(() => undefined); // told to whoever asks

  function publishJson(json: Uint8Array, { subject, timeMs }: About = {}): Promise<void> {
    if (problem !== undefined) return Promise.reject(problem);
    if (json.length > limits.bulkFrameBytesMax / 2) return Promise.reject(new HolonError("HOLON_RECORD_TOO_LARGE", `an event of ${json.length} bytes; a batch takes ${limits.bulkFrameBytesMax / 2}`));
    if (heldBytes + json.length > bufferBytesMax) return Promise.reject(new HolonError("HOLON_PRODUCER_BUSY", `producer ${options.producer} holds ${heldBytes} bytes that the node has not stored yet`));
    if (gathering !== undefined && (gathering.writer.count >= batchEventsMax || !gathering.writer.add(json, subject, timeMs))) {
      waiting.push(gathering);
      gathering = undefined;
    } else if (gathering !== undefined) return added(gathering, json);
    gathering = newBatch(spare.pop());
    gathering.writer.add(json, subject, timeMs);
    return added(gathering, json);
  }

  function added(batch: Batch, json: Uint8Array): Promise<void> {
    heldBytes += json.length;
    if (!isFlushDue) {
      isFlushDue = true;
      void Promise.resolve().then(send);
    }
    return batch.done;
  }

  function send(): void {
    isFlushDue = false;
    if (stream === undefined || welcome === undefined) return;
    while (onTheWay.length < batchesMax) {
      const batch = waiting[0] ?? gathering;
      if (batch === undefined || (onTheWay.length > 0 && sentBytes + batch.writer.sizeBytes > welcome.creditBytes)) return;
      if (batch === gathering) gathering = undefined;
      else waiting.shift();
      const first = next;
      next += batch.writer.count;
      batch.last = next - 1;
      batch.frame = batch.writer.finish(first);
      onTheWay.push(batch);
      sentBytes += batch.frame.length;
      stream.write(batch.frame);
    }
  }

  function markStored(through: number): void {
    for (let batch = onTheWay[0]; batch !== undefined && batch.last <= through; batch = onTheWay[0]) {
      onTheWay.shift();
      sentBytes -= batch.frame?.length ?? 0;
      heldBytes -= batch.writer.dataBytes;
      storedEvents += batch.writer.count;
      batch.resolve();
      reuse(batch);
    }
    stored = Math.max(stored, through);
    if (heldBytes <= bufferBytesMax / 2) for (const go of roomWanted.splice(0)) go();
  }

  /** What was sent once is no longer looked at by its connection; what was sent again may be. */
  function reuse({ frame, isSentAgain }: Batch): void {
    if (frame !== undefined && !isSentAgain && spare.length < batchesMax) spare.push(new Uint8Array(frame.buffer));
  }

  function entered(said: Welcome, to: ByteStream): void {
    const first = epoch === undefined;
    if (!first && said.sequence < stored) {
      return fail(new HolonError("HOLON_PRODUCER_GAP", `the node holds events of producer ${options.producer} through ${said.sequence} and had acknowledged ${stored}: it was restored from an older state`));
    }
    epoch = said.epoch;
    welcome = said;
    attempt = 0;
    if (first) {
      next = said.sequence + 1;
      ready.resolve(said.sequence);
    }
    markStored(said.sequence);
    for (const batch of onTheWay) {
      batch.isSentAgain = true;
      if (batch.frame !== undefined) to.write(batch.frame);
    }
    send();
  }

  function hear(frame: Uint8Array, from: ByteStream): void {
    const said = parseDoorFrame(frame);
    if ("stored" in said) {
      markStored(said.stored);
      send();
    } else if ("welcome" in said) entered(said.welcome, from);
    else if (said.refused.retriable) from.destroy();
    else fail(said.refused);
  }

  function fail(reason: HolonError): void {
    problem ??= reason;
    ready.reject(problem);
    for (const batch of [...onTheWay.splice(0), ...waiting.splice(0), ...(gathering === undefined ? [] : [gathering])]) batch.reject(problem);
    gathering = undefined;
    stream?.destroy();
    for (const go of roomWanted.splice(0)) go();
  }

  function open(): void {
    welcome = undefined;
    const cutter: FrameCutter = createFrameCutter();
    const opened = options.connect();
    stream = opened;
    opened.on("error", () => undefined); // "close" follows
    opened.on("data", (piece) => {
      if (stream !== opened) return;
      try {
        cutter.push(piece);
        for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) hear(frame, opened);
      } catch (error) {
        fail(toHolonError(error));
      }
    });
    opened.on("close", () => {
      if (stream !== opened) return;
      stream = undefined;
      welcome = undefined;
      if (problem === undefined) void options.wait(backoffMs(attempt++, { firstMs: limits.reconnectFirstMs, maxMs: limits.reconnectMaxMs }, 1)).then(() => problem === undefined && open());
    });
    opened.write(encodeHello({ protocol: bulkProtocol, source: options.source, producer: options.producer, ...(epoch === undefined ? {} : { epoch }) }));
  }

  open();
  return {
    publish: (data, about) => {
      const text = JSON.stringify(data) as string | undefined; // undefined has no JSON
      return text === undefined ? Promise.reject(new HolonError("HOLON_BATCH_BAD", "what is published has no JSON")) : publishJson(encoder.encode(text), about);
    },
    publishJson,
    ready: () => ready.promise,
    room: () => (heldBytes <= bufferBytesMax / 2 || problem !== undefined ? Promise.resolve() : new Promise((resolve) => roomWanted.push(resolve))),
    flush: async () => {
      await Promise.all([...onTheWay, ...waiting, ...(gathering === undefined ? [] : [gathering])].map(({ done }) => done));
    },
    close: () => fail(new HolonError("HOLON_PRODUCER_CLOSED", `producer ${options.producer} is closed`)),
    status: () => ({ stored: storedEvents, waiting: [...onTheWay, ...waiting, ...(gathering === undefined ? [] : [gathering])].reduce((sum, { writer }) => sum + writer.count, 0), problem }),
  };
}

function newBatch(room: Uint8Array<ArrayBuffer> | undefined): Batch {
  const { promise, resolve, reject } = withResolvers<void>();
  promise.catch(() => undefined); // told to whoever published
  return { writer: createBatchWriter(room), done: promise, resolve, reject, frame: undefined, isSentAgain: false, last: 0 };
}

function withResolvers<Value>(): { readonly promise: Promise<Value>; resolve(value: Value): void; reject(problem: HolonError): void } {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (problem: HolonError) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
