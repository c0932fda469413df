/**
 * Messages between the sockets and the log: one queue, few appends in flight, so that none waits for the disk before it is handed on.
 *
 * Messages are appended, and so acknowledged, in the order in which they came (MQTT 3.1.1 section 4.6); those that come while so many appends
 * are on their way share the next. A full inbox reads no sockets until it is half empty.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { DoorSink, Reading } from "@holon/core/ports.ts";
import { printTopic } from "./topic.ts";

export interface Arrival {
  readonly topic: string;
  /** What came, or why it is set aside. */
  readonly message: Reading | HolonError;
  readonly bytes: number;
  /** Called when its turn comes: false if it was taken in before and is only to be acknowledged again. */
  begin(): boolean;
  /** It is on disk (or recorded as set aside): acknowledge. */
  done(): void;
  /** It is not on disk, and must not be acknowledged. */
  failed(): void;
}

export interface Inbox {
  push(arrival: Arrival): void;
  /** Nothing more comes with what was pushed: it need not wait for what else this turn brings, where nothing is under way. */
  begin(): void;
  isFull(): boolean;
  /** Calls back once, when there is room again. */
  onRoom(callback: () => void): void;
  /** Resolves when all that was pushed is dealt with. */
  drained(): Promise<void>;
}

interface Batch {
  readonly batch: readonly Arrival[];
  /** Those of them that were not there already. */
  readonly firsts: ReadonlySet<Arrival>;
  readonly number: number;
  /** The oldest batch that was under way when this one was begun. */
  readonly since: number;
}

/** `broken` is told of a failure after which the log takes no more. */
export function createInbox(sink: DoorSink, broken: (problem: HolonError) => void): Inbox {
  const queue: Arrival[] = [];
  let pendingCount = 0;
  let pendingBytes = 0;
  let underWay = 0;
  let settled: Promise<void> = Promise.resolve();
  let begun = 0;
  /** Number of the last batch that was not stored. */
  let lastFailed = 0;
  let soon: NodeJS.Immediate | undefined;
  const waiting: (() => void)[] = [];
  let isBroken = false;

  const isOver = (share: number): boolean =>
    pendingCount >= limits.mqttPendingMessagesMax * share || pendingBytes >= limits.mqttPendingBytesMax * share;

  function take(): Arrival[] {
    let count = 0;
    for (let bytes = 0; count < queue.length && count < limits.mqttBatchMessages && bytes < limits.mqttBatchBytes; count++) bytes += queue[count]?.bytes ?? 0;
    return queue.splice(0, count);
  }

  /** Appends at once, so that what is stored next stands behind it. */
  async function store(firsts: readonly Arrival[]): Promise<void> {
    const readings: Reading[] = [];
    const appends: Promise<void>[] = [];
    for (const { message, topic } of firsts) {
      if (message instanceof HolonError) appends.push(sink.reject({ code: message.code, message: message.message, position: printTopic(topic) }));
      else readings.push(message);
    }
    if (readings.length > 0) appends.push(sink.accept(readings, undefined));
    await Promise.all(appends);
  }

  async function settle({ batch, firsts, number, since }: Batch, stored: Promise<HolonError | undefined>, before: Promise<void>): Promise<void> {
    const problem = await stored;
    await before;
    if (problem !== undefined) lastFailed = number;
    for (const arrival of batch) {
      pendingBytes -= arrival.bytes;
      pendingCount -= 1;
      // What was sent again while the first of it was under way is stored if that was.
      if (problem === undefined && (firsts.has(arrival) || lastFailed < since)) arrival.done();
      else arrival.failed();
    }
    if (problem !== undefined && !problem.retriable && !isBroken) {
      isBroken = true;
      broken(problem);
    }
    underWay -= 1;
    if (soon === undefined) handOn();
    if (!isOver(0.5)) for (const callback of waiting.splice(0)) callback();
  }

  /** As many appends as may be on their way. */
  function handOn(): void {
    while (queue.length > 0 && underWay < limits.mqttAppendsMax) {
      const batch = take();
      begun += 1;
      const firsts = new Set(isBroken ? [] : batch.filter((one) => one.begin()));
      const since = begun - underWay;
      underWay += 1;
      settled = settle({ batch, firsts, number: begun, since }, isBroken ? Promise.resolve(notAny) : store([...firsts]).then(() => undefined, toHolonError), settled);
    }
  }

  return {
    push(arrival) {
      queue.push(arrival);
      pendingCount += 1;
      pendingBytes += arrival.bytes;
      // Whatever the sockets bring in this turn of the event loop belongs to the first append, but for what comes when all is quiet.
      soon ??= setImmediate(() => {
        soon = undefined;
        handOn();
      });
    },
    begin() {
      if (underWay === 0) handOn();
    },
    isFull: () => isOver(1),
    onRoom: (callback) => void waiting.push(callback),
    drained: async () => {
      while (queue.length > 0 || underWay > 0) {
        if (underWay === 0) handOn();
        await settled;
      }
    },
  };
}

const notAny = new HolonError("HOLON_LOG_CLOSED", "the door takes no more messages");
