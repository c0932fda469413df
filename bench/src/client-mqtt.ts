/** The least that an MQTT 3.1.1 client does to publish at QoS 1: packets made beforehand, so that what is measured is the other side. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { LoadClient, OpenLoadClient } from "./client-load.ts";

const topic = Buffer.from("bench/reading");
/** Packet ids go round; 0 is none. */
const idsMax = 65_535;

export const openMqttClient: OpenLoadClient = async ({ port, payloadOf }, acknowledged) => {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  socket.write(connectPacket(`bench-${process.pid}-${Math.random().toString(36).slice(2)}`));
  await once(socket, "readable");
  const answer: unknown = socket.read(4);
  if (!(answer instanceof Buffer) || answer[0] !== 0x20 || answer[3] !== 0) throw new Error("the MQTT server took no CONNECT");
  readAcknowledgements(socket, acknowledged);
  return client(socket, payloadOf);
};

function client(socket: Socket, payloadOf: (index: number) => Buffer): LoadClient {
  return {
    send(from, count) {
      const packets: Buffer[] = [];
      for (let index = from; index < from + count; index++) packets.push(publishPacket(payloadOf(index), (index % idsMax) + 1));
      socket.write(packets.length === 1 ? (packets[0] ?? Buffer.alloc(0)) : Buffer.concat(packets));
    },
    closed: new Promise((resolve) => {
      socket.on("error", () => undefined); // "close" follows
      socket.on("close", () => resolve());
    }),
    close: () => void socket.destroy(),
  };
}

/** Section 3.4: four bytes each, in the order of the messages (section 4.6). */
function readAcknowledgements(socket: Socket, acknowledged: (count: number) => void): void {
  let left = 0;
  socket.on("data", (piece: Buffer) => {
    left += piece.length;
    const count = left >> 2;
    left -= count << 2;
    if (count > 0) acknowledged(count);
  });
}

function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId);
  const body = Buffer.concat([Buffer.from([0, 4]), Buffer.from("MQTT"), Buffer.from([4, 2, 0, 0, id.length >> 8, id.length & 255]), id]);
  return Buffer.concat([Buffer.from([0x10]), remainingLength(body.length), body]);
}

/** Section 3.3 with QoS 1. */
function publishPacket(payload: Buffer, id: number): Buffer {
  const size = remainingLength(2 + topic.length + 2 + payload.length);
  const packet = Buffer.allocUnsafe(1 + size.length + 2 + topic.length + 2 + payload.length);
  packet[0] = 0x32;
  let at = 1 + size.copy(packet, 1);
  at = packet.writeUInt16BE(topic.length, at);
  at += topic.copy(packet, at);
  at = packet.writeUInt16BE(id, at);
  payload.copy(packet, at);
  return packet;
}

function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  for (let left = length; bytes.length === 0 || left > 0; left >>= 7) bytes.push((left & 127) | (left > 127 ? 128 : 0));
  return Buffer.from(bytes);
}
