import { connect as connectSocket, type Socket } from "node:net";
import { generate, parser, type Packet } from "mqtt-packet";
import { until } from "./door-sink.ts";

/** A device of MQTT 3.1.1, or of 5, that speaks packet by packet, well or badly. */
export interface Device {
  readonly socket: Socket;
  readonly answers: Packet[];
  send(packet: Packet | Buffer): void;
  answered(cmd: Packet["cmd"], count?: number): Promise<Packet[]>;
  closed(): boolean;
}

export function connectDevice(port: number, protocolVersion: 4 | 5 = 4): Device {
  const socket = connectSocket(port, "127.0.0.1");
  const answers: Packet[] = [];
  const reader = parser({ protocolVersion });
  reader.on("packet", (packet) => answers.push(packet));
  let isClosed = false;
  socket.on("data", (bytes: Buffer) => reader.parse(bytes)).on("error", () => {}).on("close", () => (isClosed = true));
  const of = (cmd: Packet["cmd"]): Packet[] => answers.filter((packet) => packet.cmd === cmd);
  return {
    socket,
    answers,
    send: (packet) => void socket.write(Buffer.isBuffer(packet) ? packet : generate(packet, { protocolVersion })),
    async answered(cmd, count = 1) {
      await until(`${count} ${cmd}`, () => of(cmd).length >= count);
      return of(cmd);
    },
    closed: () => isClosed,
  };
}
