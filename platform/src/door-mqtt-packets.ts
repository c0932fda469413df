/** Control packets, one whole packet at a time: what is rare is read by mqtt-packet, what is frequent or small is read and written here. */
import { parser, type Packet } from "mqtt-packet";
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

/** What a PUBLISH packet says (section 3.3). */
export interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** 0 for QoS 0, which has none. */
  readonly messageId: number;
}

export const isPublish = (packet: Buffer): boolean => (packet[0] ?? 0) >> 4 === 3;

/** A whole PUBLISH packet, read here and not by the library: nearly all packets are this one. Throws `MqttViolation`. */
export function readPublish(packet: Buffer): Publish {
  const qos = ((packet[0] ?? 0) >> 1) & 3;
  if (qos === 3) throw new MqttViolation("a packet is malformed: QoS 3");
  let at = 1;
  while ((packet[at] ?? 0) >= 128) at++;
  at += 1;
  const topicEnd = at + 2 + (at + 2 <= packet.length ? packet.readUInt16BE(at) : packet.length);
  const payloadAt = topicEnd + (qos === 0 ? 0 : 2);
  if (payloadAt > packet.length) throw new MqttViolation("a packet is malformed: it ends within its header");
  return { topic: packet.toString("utf8", at + 2, topicEnd), payload: packet.subarray(payloadAt), qos: qos as Publish["qos"], messageId: qos === 0 ? 0 : packet.readUInt16BE(topicEnd) };
}

/*
 * Answers are written here: each is a few bytes, and the library's generator keeps a table of 65,536 buffers (some 10 MB) for them.
 */

export const connectionAccepted = (isPresent: boolean): Buffer => Buffer.from([0x20, 2, isPresent ? 1 : 0, 0]);
/** Return codes 1 and 2 of section 3.2.2.3. */
export const protocolRefused = Buffer.from([0x20, 2, 0, 1]);
export const clientIdRefused = Buffer.from([0x20, 2, 0, 2]);
/** MQTT 5 section 3.2.2.2: unsupported protocol version. */
export const protocolRefusedV5 = Buffer.from([0x20, 3, 0, 0x84, 0]);
export const pingAnswer = Buffer.from([0xd0, 0]);

/** First bytes of the answers that name a message and say no more (sections 3.4 to 3.7). */
export const acknowledgementTypes = { puback: 0x40, pubrec: 0x50, pubcomp: 0x70 } as const;
export type Acknowledgement = keyof typeof acknowledgementTypes;
/** QoS 0 or failure for each filter (section 3.9.3). */
export const subscribed = (messageId: number, granted: readonly boolean[]): Buffer =>
  Buffer.from([0x90, ...remainingLength(2 + granted.length), messageId >> 8, messageId & 255, ...granted.map((isGranted) => (isGranted ? 0 : 0x80))]);
/** Section 3.3 with QoS 0. */
export function publication(topic: string, payload: Uint8Array): Buffer {
  const name = Buffer.from(topic, "utf8");
  return Buffer.concat([Buffer.from([0x30, ...remainingLength(2 + name.length + payload.length), name.length >> 8, name.length & 255]), name, payload]);
}
export const unsubscribed = (messageId: number): Buffer => Buffer.from([0xb0, 2, messageId >> 8, messageId & 255]);

/** Section 2.2.3. */
function remainingLength(length: number): readonly number[] {
  return length < 128 ? [length] : [(length & 127) | 128, ...remainingLength(length >> 7)];
}
