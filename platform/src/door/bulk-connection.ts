/**
 * One producer's connection: `waiting for hello -> entering -> open -> closed`.
 *
 * A batch is answered when it is on disk, never before. While too much is on its way to the disk, or the producer does not take its answers, the
 * socket is not read. Whatever is wrong is said once, with its code, and ends the connection: nothing behind it was taken.
 */
import type { Socket } from "node:net";
import { createFrameCutter, encodeRefused, encodeStored, encodeWelcome, frameKinds, parseHello, type Hello } from "@holon/core/bulk/frame.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, DoorSink, ProducerSession, Timer } from "@holon/core/ports.ts";

/** What a connection is given by its door. */
export interface BulkWorld {
  readonly clock: Clock;
  readonly sink: DoorSink;
  /** Throws why this hello is not for this door. */
  check(hello: Hello): void;
  /** So many bytes more, or less, are on their way to the disk. */
  pending(bytes: number): void;
  isFull(): boolean;
  /** Calls back once, when there is room again. */
  onRoom(resume: () => void): void;
  /** The log takes no more. */
  broken(problem: HolonError): void;
  /** The socket is gone. */
  left(connection: BulkConnection): void;
}

export interface BulkConnection {
  /** Reads nothing more, answers what is on its way, and closes. */
  stop(): Promise<void>;
  close(problem: HolonError | undefined): void;
}

/** How long answers on their way are given when a connection closes. */
const lastAnswersMs = 1000;

export function createBulkConnection(socket: Socket, world: BulkWorld): BulkConnection {
  const cutter = createFrameCutter();
  let producer: string | undefined;
  let session: ProducerSession | undefined;
  let pendingBytes = 0;
  let isHeld = false;
  let isClosed = false;
  /** Answered for, and not said yet. */
  let stored: number | undefined;
  let idle: (() => void) | undefined;
  let timer: Timer = world.clock.after(limits.bulkHelloMs, () => socket.destroy());

  const connection: BulkConnection = {
    async stop() {
      isClosed = true;
      if (pendingBytes > 0) await new Promise<void>((resolve) => (idle = resolve));
      end();
    },
    close(problem) {
      if (isClosed) return;
      isClosed = true;
      if (problem !== undefined && socket.writable) {
        answer();
        socket.write(encodeRefused(problem));
      }
      end();
    },
  };

  function end(): void {
    timer.cancel();
    timer = world.clock.after(lastAnswersMs, () => socket.destroy());
    answer();
    socket.destroySoon();
  }

  socket.on("data", (piece: Buffer) => {
    if (isClosed) return;
    cutter.push(piece);
    work();
  });
  socket.on("error", () => {}); // "close" follows and says all there is to know
  socket.on("close", () => {
    isClosed = true;
    timer.cancel();
    world.left(connection);
  });

  /** Handles what has come, as long as there is room for it. */
  function work(): void {
    try {
      while (!isClosed && !hold()) {
        const frame = cutter.next();
        if (frame === undefined) return;
        if (session === undefined) enter(parseHello(frame));
        else if (frame[4] === frameKinds.batch) take(session, frame);
        else throw new HolonError("HOLON_FRAME_BAD", `a frame of kind ${frame[4] ?? 0} where a batch was expected`);
      }
    } catch (error) {
      refuse(toHolonError(error));
    }
  }

  function hold(): boolean {
    if (isHeld) return true;
    const isAnswersFull = socket.writableNeedDrain;
    if (!isAnswersFull && pendingBytes < limits.bulkCreditBytes && !world.isFull()) return false;
    isHeld = true;
    socket.pause();
    if (isAnswersFull) socket.once("drain", release);
    else if (pendingBytes === 0) world.onRoom(release);
    return true; // otherwise what is on its way here releases it
  }

  function release(): void {
    isHeld = false;
    if (isClosed) return;
    socket.resume();
    work();
  }

  function enter(hello: Hello): void {
    world.check(hello);
    producer = hello.producer;
    timer.cancel();
    isHeld = true;
    world.sink.enterProducer(hello.producer, hello.epoch, (problem) => connection.close(problem)).then((entered) => {
      session = entered;
      if (socket.writable) socket.write(encodeWelcome({ epoch: entered.epoch, sequence: entered.sequence, creditBytes: limits.bulkCreditBytes }));
      release();
    }, failed);
  }

  function take({ accept }: ProducerSession, frame: Uint8Array): void {
    move(frame.length);
    accept(frame).then(
      (sequence) => {
        if (stored === undefined) setImmediate(answer);
        stored = sequence;
        move(-frame.length);
        if (isHeld && pendingBytes < limits.bulkCreditBytes / 2 && !socket.writableNeedDrain) release();
      },
      (error: unknown) => {
        move(-frame.length);
        failed(error);
      },
    );
  }

  function move(bytes: number): void {
    pendingBytes += bytes;
    world.pending(bytes);
    if (pendingBytes === 0) idle?.();
  }

  /** All that became stored in one turn of the event loop is said at once. */
  function answer(): void {
    if (stored !== undefined && socket.writable) socket.write(encodeStored(stored));
    stored = undefined;
  }

  function failed(error: unknown): void {
    const problem = toHolonError(error);
    if (problem.code === "HOLON_LOG_CLOSED" || problem.code === "HOLON_DISK_FAILED") world.broken(problem);
    else refuse(problem);
  }

  /** What only a defect of the producer, or of ours, explains is recorded too. */
  function refuse(problem: HolonError): void {
    const isDefect = problem.code === "HOLON_BATCH_BAD" || problem.code === "HOLON_FRAME_BAD" || problem.code === "HOLON_INTERNAL";
    if (isDefect && !isClosed) world.sink.reject({ code: problem.code, message: problem.message, position: `producer ${producer ?? "unnamed"}` }).catch(failed);
    connection.close(problem);
  }

  return connection;
}
