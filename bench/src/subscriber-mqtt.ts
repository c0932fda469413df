/** The least that an MQTT subscriber does at QoS 1, with a session that the broker keeps, back whenever the broker is. */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createPacketCutter } from "@holon/platform/door/mqtt/frames.ts";
import { isPublish, readPublish } from "@holon/platform/door/mqtt/packets.ts";

const clientId = "bench-counter";
const packetBytesMax = 1 << 20;
const againMs = 100;

/** Resolves when the broker has taken the subscription. */
export async function subscribeMqtt(port: number, arrived: (payload: Buffer) => void): Promise<{ close(): void }> {
  let isClosed = false;
  let current: Socket | undefined;
  const live = async (subscribed: () => void): Promise<void> => {
    while (!isClosed) {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      current = socket;
      socket.on("error", () => undefined); // "close" follows
      socket.on("connect", () => greet(socket));
      const cutter = createPacketCutter(packetBytesMax);
      socket.on("data", (piece: Buffer) => {
        cutter.push(piece);
        const answers: Buffer[] = [];
        for (let packet = cutter.next(); packet !== undefined; packet = cutter.next()) {
          if ((packet[0] ?? 0) >> 4 === 9) subscribed();
          if (!isPublish(packet)) continue;
          const { payload, messageId, qos } = readPublish(packet);
          arrived(payload);
          if (qos > 0) answers.push(Buffer.from([0x40, 2, messageId >> 8, messageId & 255]));
        }
        if (answers.length > 0) socket.write(Buffer.concat(answers));
      });
      await new Promise((resolve) => socket.once("close", resolve)); // also after an error, which `once` of events would throw
      await sleep(againMs);
    }
  };
  await new Promise<void>((resolve) => void live(resolve));
  return {
    close() {
      isClosed = true;
      current?.destroy();
    },
  };
}

/** CONNECT with clean session 0, SUBSCRIBE to everything at QoS 1. */
function greet(socket: Socket): void {
  const id = Buffer.from(clientId);
  socket.write(Buffer.concat([Buffer.from([0x10, 12 + id.length, 0, 4]), Buffer.from("MQTT"), Buffer.from([4, 0, 0, 0, 0, id.length]), id]));
  socket.write(Buffer.from([0x82, 6, 0, 1, 0, 1, "#".charCodeAt(0), 1]));
}
