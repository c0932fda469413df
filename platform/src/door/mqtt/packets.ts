/** Control packets, one whole packet at a time: what is rare is read by mqtt-packet, what is frequent or small is read and written here. */
import { parser, type Packet } from "mqtt-packet";
import { MqttViolation } from "./frames.ts";
import { readProperties, type Properties } from "./properties.ts";

/** Parses whole packets of one connection, in the words of its protocol from the first on. Throws `MqttViolation` for one that is malformed. */
export function createPacketReader(level: number): (bytes: Buffer) => Packet {
  const reader = parser({ protocolVersion: level });
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
 * packets of MQTT 5 have another form from there on. The highest bit marks a bridge.
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
  /** User property of MQTT 5. */
  readonly traceparent?: string;
}

export const isPublish = (packet: Buffer): boolean => (packet[0] ?? 0) >> 4 === 3;

/** A whole PUBLISH packet, read here and not by the library: nearly all packets are this one. Throws `MqttViolation`. */
export function readPublish(packet: Buffer, isV5 = false): Publish {
  const qos = ((packet[0] ?? 0) >> 1) & 3;
  if (qos === 3) throw new MqttViolation("a packet is malformed: QoS 3");
  let at = 1;
  while ((packet[at] ?? 0) >= 128) at++;
  at += 1;
  const topicEnd = at + 2 + (at + 2 <= packet.length ? packet.readUInt16BE(at) : packet.length);
  const payloadAt = topicEnd + (qos === 0 ? 0 : 2);
  if (payloadAt > packet.length) throw new MqttViolation("a packet is malformed: it ends within its header");
  const { end = payloadAt, ...said }: Partial<Properties> = isV5 ? readProperties(packet, payloadAt) : {};
  return { topic: packet.toString("utf8", at + 2, topicEnd), payload: packet.subarray(end), qos: qos as Publish["qos"], messageId: qos === 0 ? 0 : packet.readUInt16BE(topicEnd), ...said };
}

/*
 * Answers are written here: each is a few bytes, and the library's generator keeps a table of 65,536 buffers (some 10 MB) for them.
 */

export const connectionAccepted = (isPresent: boolean): Buffer => Buffer.from([0x20, 2, isPresent ? 1 : 0, 0]);
/** Return codes 1 and 2 of section 3.2.2.3. */
export const protocolRefused = Buffer.from([0x20, 2, 0, 1]);
export const clientIdRefused = Buffer.from([0x20, 2, 0, 2]);
/**
 * MQTT 5 section 3.2: with what this door does otherwise than the standard lets a client expect: the longest packet, no identifiers of subscriptions, no shared ones. A client without a name is given one.
 */
export function connectionAcceptedV5(isPresent: boolean, packetBytesMax: number, assigned: string | undefined): Buffer {
  const name = Buffer.from(assigned ?? "", "utf8");
  const properties = Buffer.concat([Buffer.from([0x27, packetBytesMax >>> 24, (packetBytesMax >> 16) & 255, (packetBytesMax >> 8) & 255, packetBytesMax & 255, 0x29, 0, 0x2a, 0]), ...(assigned === undefined ? [] : [Buffer.from([0x12, name.length >> 8, name.length & 255]), name])]);
  return Buffer.concat([Buffer.from([0x20, ...remainingLength(3 + properties.length), isPresent ? 1 : 0, 0, properties.length]), properties]);
}
/** The same: a way of authenticating that this door does not know. */
export const methodRefusedV5 = Buffer.from([0x20, 3, 0, 0x8c, 0]);
export const pingAnswer = Buffer.from([0xd0, 0]);

/** First bytes of the answers that name a message and say no more (sections 3.4 to 3.7). */
export const acknowledgementTypes = { puback: 0x40, pubrec: 0x50, pubcomp: 0x70 } as const;
export type Acknowledgement = keyof typeof acknowledgementTypes;
/** QoS 0 or failure for each filter (section 3.9.3). */
export const subscribed = (messageId: number, granted: readonly boolean[]): Buffer =>
  Buffer.from([0x90, ...remainingLength(2 + granted.length), messageId >> 8, messageId & 255, ...granted.map((isGranted) => (isGranted ? 0 : 0x80))]);
/** The same of MQTT 5, and 0x83 (not here) instead of a failure without a reason. */
export const subscribedV5 = (messageId: number, granted: readonly boolean[]): Buffer =>
  Buffer.from([0x90, ...remainingLength(3 + granted.length), messageId >> 8, messageId & 255, 0, ...granted.map((isGranted) => (isGranted ? 0 : 0x83))]);
/** Section 3.3 with QoS 0, in the form of each protocol: made when somebody is there who speaks it. `topic` in UTF-8. */
export class Publication {
  readonly #topic: Uint8Array;
  readonly #payload: Uint8Array;
  #v4: Buffer | undefined;
  #v5: Buffer | undefined;

  constructor(topic: Uint8Array, payload: Uint8Array) {
    this.#topic = topic;
    this.#payload = payload;
  }

  get v4(): Buffer {
    return (this.#v4 ??= this.#print(0));
  }

  get v5(): Buffer {
    return (this.#v5 ??= this.#print(1));
  }

  /** In one piece: somebody waits for it. Of MQTT 5 its properties are one byte, which says that there are none. */
  #print(propertyBytes: 0 | 1): Buffer {
    const topicBytes = this.#topic.length;
    const length = 2 + topicBytes + propertyBytes + this.#payload.length;
    const headerBytes = 1 + lengthBytes(length);
    const bytes = Buffer.allocUnsafe(headerBytes + length);
    bytes[0] = 0x30;
    for (let at = 1, left = length; at < headerBytes; at++, left >>= 7) bytes[at] = left < 128 ? left : (left & 127) | 128;
    bytes[headerBytes] = topicBytes >> 8;
    bytes[headerBytes + 1] = topicBytes & 255;
    bytes.set(this.#topic, headerBytes + 2);
    if (propertyBytes > 0) bytes[headerBytes + 2 + topicBytes] = 0;
    bytes.set(this.#payload, headerBytes + 2 + topicBytes + propertyBytes);
    return bytes;
  }
}
/** MQTT 5 section 3.11: 0, or 0x11 where there was no such subscription. */
export const unsubscribedV5 = (messageId: number, were: readonly boolean[]): Buffer => Buffer.from([0xb0, ...remainingLength(3 + were.length), messageId >> 8, messageId & 255, 0, ...were.map((was) => (was ? 0 : 0x11))]);
export const unsubscribed = (messageId: number): Buffer => Buffer.from([0xb0, 2, messageId >> 8, messageId & 255]);

const lengthBytes = (length: number): number => (length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4);
/** Section 2.2.3. */
function remainingLength(length: number): readonly number[] {
  return length < 128 ? [length] : [(length & 127) | 128, ...remainingLength(length >> 7)];
}
