/** What one device is answered: all answers of one turn of the event loop leave in one write, acknowledgements without a buffer each. */
import type { Socket } from "node:net";
import { acknowledgementTypes, type Acknowledgement } from "./packets.ts";

export interface Answers {
  send(bytes: Buffer): void;
  /** Before all that this turn has to do yet. */
  sendNow(bytes: Buffer): void;
  acknowledge(kind: Acknowledgement, messageId: number): void;
  /** Hands over what there is, before the socket ends. */
  flush(): void;
}

const acknowledgementBytes = 4;
const blockBytes = 1024 * acknowledgementBytes;

export function createAnswers(socket: Socket): Answers {
  /** Acknowledgements that are not written yet. */
  let block: Buffer | undefined;
  let used = 0;

  function flush(): void {
    if (block === undefined || used === 0) return;
    const bytes = block.subarray(0, used);
    block = used < block.length ? block.subarray(used) : undefined;
    used = 0;
    if (socket.writable) socket.write(bytes);
  }

  /** Once a turn. */
  function uncorkLater(): void {
    if (socket.writableCorked > 0) return;
    socket.cork();
    setImmediate(() => {
      flush();
      socket.uncork();
    });
  }

  return {
    flush,
    send(bytes) {
      if (!socket.writable) return;
      uncorkLater();
      flush(); // answers keep their order
      socket.write(bytes);
    },
    sendNow(bytes) {
      if (!socket.writable) return;
      flush();
      socket.write(bytes);
      while (socket.writableCorked > 0) socket.uncork();
    },
    acknowledge(kind, messageId) {
      if (!socket.writable) return;
      uncorkLater();
      if (block !== undefined && used === block.length) flush();
      block ??= Buffer.allocUnsafe(blockBytes);
      block[used] = acknowledgementTypes[kind];
      block[used + 1] = 2;
      block[used + 2] = messageId >> 8;
      block[used + 3] = messageId & 255;
      used += acknowledgementBytes;
    },
  };
}
