/**
 * The floor under the bulk door: takes whole frames from a producer, has the bytes on disk, answers. Nothing is looked at, nothing is kept, nobody
 * is told; what is sent again would be stored again. The client cannot tell it from a gateway's door.
 */
import { createServer, type Socket } from "node:net";
import { createFrameCutter, encodeStored, encodeWelcome, frameKinds } from "@holon/core/bulk/frame.ts";
import { parseBatch } from "@holon/core/bulk/batch.ts";
import { limits } from "@holon/core/limits.ts";
import { createDisk } from "@holon/platform/disk.ts";
import type { DiskFile } from "@holon/core/ports.ts";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly last: number;
}

const [folder = ""] = process.argv.slice(2);
const file = await createDisk(folder).open("bare", { create: true });
const server = createServer({ noDelay: true, highWaterMark: limits.bulkAnswerBytesMax }, (socket) => serve(socket, file));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" ? address?.port : undefined);
});
process.once("disconnect", () => process.exit());

function serve(socket: Socket, target: DiskFile): void {
  const cutter = createFrameCutter();
  const waiting: Waiting[] = [];
  const rooms: ArrayBuffer[] = [];
  let isWriting = false;

  async function write(): Promise<void> {
    isWriting = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (target.size() + next.bytes.length > limits.segmentBytesMax) await target.truncate(0); // as the log begins its next segment
      await target.writeThrough(target.size(), next.bytes);
      socket.write(encodeStored(next.last));
      if (next.bytes.buffer instanceof ArrayBuffer) rooms.push(next.bytes.buffer);
    }
    isWriting = false;
  }

  function take(frame: Uint8Array): void {
    if (frame[4] === frameKinds.hello) return void socket.write(encodeWelcome({ epoch: 1, sequence: 0, creditBytes: limits.bulkCreditBytes }));
    const { base, count } = parseBatch(frame);
    const bytes = new Uint8Array(rooms.pop() ?? new ArrayBuffer(limits.bulkFrameBytesMax), 0, frame.length);
    bytes.set(frame);
    waiting.push({ bytes, last: base + count - 1 });
    if (!isWriting) void write();
  }

  socket.on("data", (piece: Buffer) => {
    cutter.push(piece);
    for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) take(frame);
  });
  socket.on("error", () => socket.destroy());
}
