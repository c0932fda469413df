/** Control packets through mqtt-packet: one whole packet in, one parsed packet out. */
import { generate, parser, type Packet } from "mqtt-packet";
import { MqttViolation } from "./door-mqtt-frames.ts";

/** Parses whole packets of one connection. Throws `MqttViolation` for one that is malformed. */
export function createPacketReader(): (bytes: Buffer) => Packet {
  const reader = parser();
  let packet: Packet | undefined;
  let problem: unknown;
  reader.on("packet", (parsed) => {
    packet = parsed;
  });
  reader.on("error", (error: unknown) => {
    problem = error;
  });
  return (bytes) => {
    packet = undefined;
    problem = undefined;
    let left = 0;
    try {
      left = reader.parse(bytes);
    } catch (error) {
      problem = error; // the parser reads past the end of some malformed packets
    }
    if (problem !== undefined || packet === undefined || left > 0) {
      throw new MqttViolation(`a packet is malformed: ${problem instanceof Error ? problem.message : "its length is wrong"}`, { cause: problem });
    }
    return packet;
  };
}

/**
 * Protocol level of a CONNECT packet (section 3.1.2.2), looked at before it is parsed: a level that nobody knows is to be answered, and
 * MQTT 5 has another form from there on. The highest bit marks a bridge.
 */
export function protocolLevel(connect: Buffer): number | undefined {
  let at = 1;
  while ((connect[at] ?? 0) >= 128) at++;
  const nameLength = connect.length >= at + 3 ? connect.readUInt16BE(at + 1) : 0;
  const level = connect[at + 3 + nameLength];
  return level === undefined ? undefined : level & 127;
}

export const connectionAccepted = (isPresent: boolean): Buffer => generate({ cmd: "connack", returnCode: 0, sessionPresent: isPresent });
/** Return codes 1 and 2 of section 3.2.2.3. */
export const protocolRefused = generate({ cmd: "connack", returnCode: 1, sessionPresent: false });
export const clientIdRefused = generate({ cmd: "connack", returnCode: 2, sessionPresent: false });
/** MQTT 5 section 3.2.2.2: unsupported protocol version. */
export const protocolRefusedV5 = generate({ cmd: "connack", reasonCode: 0x84, sessionPresent: false }, { protocolVersion: 5 });
export const pingAnswer = generate({ cmd: "pingresp" });

export const acknowledgement = (cmd: "puback" | "pubrec" | "pubcomp", messageId: number): Buffer => generate({ cmd, messageId });
/** Failure for each filter (section 3.9.3): this door takes in and gives out nothing. */
export const subscriptionsRefused = (messageId: number, count: number): Buffer =>
  generate({ cmd: "suback", messageId, granted: Array.from({ length: count }, () => 0x80) });
export const unsubscribed = (messageId: number): Buffer => generate({ cmd: "unsuback", messageId, granted: [] });
