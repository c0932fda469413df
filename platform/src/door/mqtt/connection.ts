/**
 * One device's connection: `waiting for CONNECT -> connected -> closed`.
 *
 * PUBLISH is acknowledged when the inbox says it is on disk, never before. While the inbox is full, or the device does not read its
 * answers, the socket is not read and the keep-alive time does not run.
 */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { type HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Reading, Timer } from "@holon/core/ports.ts";
import type { IConnectPacket, Packet } from "mqtt-packet";
import { createAnswers } from "./answers.ts";
import { createPacketCutter, MqttViolation } from "./frames.ts";
import type { Arrival, Inbox } from "./inbox.ts";
import * as packets from "./packets.ts";
import type { MqttSession } from "./session.ts";
import { isTopicName, parseTopicFilter, takes } from "./topic.ts";

/** What a connection is given by its door. */
export interface ConnectionWorld {
  readonly clock: Clock;
  readonly inbox: Inbox;
  /** The message as a reading, or why it is set aside. */
  read(topic: string, payload: Buffer, traceparent: string | undefined): Reading | HolonError;
  /** Opens the client's session; an older connection of the same client is closed. */
  enter(clientId: string, session: { readonly isClean: boolean; readonly isKept: boolean }, connection: MqttConnection): { readonly session: MqttSession; readonly isPresent: boolean };
  /** Whether the door gives anything, so that a subscription makes sense. */
  readonly gives: boolean;
  /** The socket is gone. */
  left(connection: MqttConnection): void;
}

export interface MqttConnection {
  /** Passes it on if the device has subscribed to the topic and keeps up with what it is sent. */
  /** Whether the device listens to it, and keeps up. */
  give(levels: readonly string[], packet: packets.Publication): boolean;
  /** Reads nothing more because the door closes. What was read is still acknowledged; the device's will is not left. */
  stop(): void;
  /** Stops and closes; answers on their way are given a second. */
  close(): void;
  /** Closes because the same client has connected anew. */
  takeOver(): void;
}

interface Connected {
  readonly session: MqttSession;
  readonly keepAliveMs: number;
  readonly isV5: boolean;
  /** Of MQTT 5: nothing longer may be sent there. */
  readonly packetBytesMax: number;
  will: IConnectPacket["will"];
}

export function createMqttConnection(socket: Socket, world: ConnectionWorld): MqttConnection {
  const cutter = createPacketCutter(limits.mqttPacketBytesMax);
  let readPacket = packets.createPacketReader(4);
  const answers = createAnswers(socket);
  let connected: Connected | undefined;
  let isHeld = false;
  let isClosed = false;
  let heardMs = world.clock.monotonicMs();
  let timer: Timer = world.clock.after(limits.mqttConnectMs, watch);

  /** What the device has subscribed to, by the filter's text. */
  const filters = new Map<string, readonly string[]>();

  const connection: MqttConnection = {
    give(levels, packet) {
      if (filters.size === 0 || isClosed || socket.writableLength > limits.mqttAnswerBytesMax) return false;
      const bytes = connected?.isV5 === true ? packet.v5 : packet.v4;
      if (bytes.length > (connected?.packetBytesMax ?? 0)) return false;
      for (const filter of filters.values()) {
        if (!takes(filter, levels)) continue;
        answers.sendNow(bytes);
        return true;
      }
      return false;
    },
    stop() {
      isClosed = true;
      if (connected !== undefined) connected.will = undefined;
    },
    close() {
      connection.stop();
      timer.cancel();
      timer = world.clock.after(lastAnswersMs, () => socket.destroy());
      answers.flush();
      socket.destroySoon();
    },
    takeOver() {
      isClosed = true;
      socket.destroy();
    },
  };

  socket.on("data", (piece: Buffer) => {
    if (isClosed) return;
    if (connected !== undefined) heardMs = world.clock.monotonicMs();
    cutter.push(piece);
    work();
  });
  socket.on("error", () => {}); // "close" follows and says all there is to know
  socket.on("close", () => {
    isClosed = true;
    timer.cancel();
    leaveWill();
    world.left(connection);
  });

  /** Handles what has come, as long as there is room for it. */
  function work(): void {
    if (isHeld) return;
    try {
      while (!isClosed) {
        if (hold()) return;
        if (connected === undefined) requireConnect(cutter.firstByte());
        const bytes = cutter.next();
        if (bytes === undefined) break;
        if (connected === undefined) connect(bytes);
        else if (packets.isPublish(bytes)) publish(connected.session, packets.readPublish(bytes, connected.isV5));
        else handle(connected, readPacket(bytes));
      }
      if (socket.writableCorked === 0) world.inbox.begin(); // what it was answered goes first
    } catch (error) {
      // A defect of ours costs this connection, is recorded, and costs nobody else's.
      if (!(error instanceof MqttViolation)) world.inbox.push({ ...arrivalOf("", Buffer.alloc(0)), message: toHolonError(error) });
      socket.destroy(); // section 4.8: whoever breaks the protocol is disconnected; 3.1.1 has no words for why
    }
  }

  function hold(): boolean {
    const isAnswersFull = socket.writableNeedDrain;
    if (!isAnswersFull && !world.inbox.isFull()) return false;
    isHeld = true;
    socket.pause();
    const release = (): void => {
      isHeld = false;
      heardMs = world.clock.monotonicMs();
      socket.resume();
      work();
    };
    if (isAnswersFull) socket.once("drain", release);
    else world.inbox.onRoom(release);
    return true;
  }

  function connect(bytes: Buffer): void {
    const level = packets.protocolLevel(bytes);
    if (level !== 3 && level !== 4 && level !== 5) return refuse(packets.protocolRefused);
    const isV5 = level === 5;
    if (isV5) readPacket = packets.createPacketReader(level);
    const packet = readPacket(bytes);
    if (packet.cmd !== "connect") throw new MqttViolation(notConnect);
    const isClean = packet.clean === true;
    if (packet.clientId === "" && !isV5 && (!isClean || level === 3)) return refuse(packets.clientIdRefused);
    if (packet.properties?.authenticationMethod !== undefined) return refuse(packets.methodRefusedV5);
    if (packet.will !== undefined && !isTopicName(packet.will.topic)) throw new MqttViolation("the will has no topic name");
    const isKept = isV5 ? (packet.properties?.sessionExpiryInterval ?? 0) > 0 : !isClean;
    const { session, isPresent } = world.enter(packet.clientId, { isClean, isKept }, connection);
    connected = { session, keepAliveMs: (packet.keepalive ?? 0) * 1500, isV5, packetBytesMax: packet.properties?.maximumPacketSize ?? Infinity, will: packet.will };
    timer.cancel();
    if (connected.keepAliveMs > 0) timer = world.clock.after(connected.keepAliveMs, watch);
    answers.send(isV5 ? packets.connectionAcceptedV5(isPresent, limits.mqttPacketBytesMax, packet.clientId === "" ? `holon-${randomUUID()}` : undefined) : packets.connectionAccepted(isPresent));
  }

  function handle(client: Connected, packet: Packet): void {
    switch (packet.cmd) {
      case "pubrel":
        client.session.unreleased.delete(packetId(packet));
        return answers.acknowledge("pubcomp", packetId(packet));
      case "pingreq":
        return answers.send(packets.pingAnswer);
      case "subscribe":
        if (packet.subscriptions.length === 0) throw new MqttViolation("a subscription has no filter");
        return answers.send((client.isV5 ? packets.subscribedV5 : packets.subscribed)(packetId(packet), packet.subscriptions.map(({ topic }) => subscribe(topic))));
      case "unsubscribe":
        if (packet.unsubscriptions.length === 0) throw new MqttViolation("an unsubscription has no filter");
        return unsubscribe(client, packetId(packet), packet.unsubscriptions);
      case "disconnect":
        if (packet.reasonCode !== withWill) client.will = undefined;
        isClosed = true;
        answers.flush();
        return socket.destroySoon();
      default:
        throw new MqttViolation(`a client does not send ${packet.cmd} here`);
    }
  }

  function unsubscribe({ isV5 }: Connected, messageId: number, topics: readonly string[]): void {
    const were = topics.map((topic) => filters.delete(topic));
    answers.send(isV5 ? packets.unsubscribedV5(messageId, were) : packets.unsubscribed(messageId));
  }

  function subscribe(topic: string): boolean {
    const levels = parseTopicFilter(topic);
    if (!world.gives || levels === undefined || (filters.size >= limits.mqttFiltersMax && !filters.has(topic))) return false;
    filters.set(topic, levels);
    return true;
  }

  function publish(session: MqttSession, { topic, payload, qos, messageId, traceparent }: packets.Publish): void {
    if (!isTopicName(topic)) throw new MqttViolation("a message has no topic name");
    if (qos !== 0 && messageId === 0) throw new MqttViolation("publish has no packet id");
    if (qos === 2 && session.unreleased.size >= limits.mqttUnreleasedMax) throw new MqttViolation("too many messages are not released");
    const arrival = (done?: () => void): Arrival => arrivalOf(topic, payload, traceparent, done);
    if (qos === 0) world.inbox.push(arrival());
    else if (qos === 1) world.inbox.push(arrival(() => answers.acknowledge("puback", messageId)));
    else world.inbox.push(exactlyOnce(session, messageId, arrival()));
  }

  function arrivalOf(topic: string, payload: Buffer, traceparent?: string, done = nothing): Arrival {
    return { topic, message: world.read(topic, payload, traceparent), bytes: payload.length, begin: isNew, done, failed };
  }

  /** Not acknowledged: the device sends it again when it is back. */
  function failed(): void {
    socket.destroy();
  }

  function exactlyOnce({ unreleased }: MqttSession, messageId: number, arrival: Arrival): Arrival {
    let isFirst = false;
    return {
      ...arrival,
      begin() {
        isFirst = !unreleased.has(messageId);
        unreleased.add(messageId);
        return isFirst;
      },
      done: () => answers.acknowledge("pubrec", messageId),
      failed() {
        if (isFirst) unreleased.delete(messageId);
        arrival.failed();
      },
    };
  }

  /** Section 3.1.2.5: published for a client that went without DISCONNECT. */
  function leaveWill(): void {
    const will = connected?.will;
    if (will !== undefined) world.inbox.push(arrivalOf(will.topic, toBuffer(will.payload)));
  }

  /** Section 3.1.2.10: closes after one and a half times the keep-alive time without a packet. */
  function watch(): void {
    const limitMs = connected?.keepAliveMs ?? limits.mqttConnectMs;
    const silentMs = isHeld ? 0 : world.clock.monotonicMs() - heardMs;
    if (silentMs >= limitMs) socket.destroy();
    else timer = world.clock.after(limitMs - silentMs, watch);
  }

  function refuse(answer: Buffer): void {
    isClosed = true;
    socket.end(answer);
  }

  return connection;
}

/** MQTT 5 section 3.14.2.1: the client goes, and its will is to be published all the same. */
const withWill = 0x04;

const isNew = (): boolean => true;
const nothing = (): void => undefined;
const notConnect = "the first packet is not CONNECT";

/** Seen from the first byte on: what speaks another protocol is not waited for. */
function requireConnect(firstByte: number | undefined): void {
  if (firstByte !== undefined && firstByte >> 4 !== 1) throw new MqttViolation(notConnect);
}

/** Section 2.3.1: never 0. */
function packetId({ cmd, messageId }: Packet): number {
  if (messageId === undefined || messageId === 0) throw new MqttViolation(`${cmd} has no packet id`);
  return messageId;
}

/** How long a closing door waits for a device to take its last answers. */
const lastAnswersMs = 1000;

const toBuffer = (payload: string | Buffer): Buffer => (typeof payload === "string" ? Buffer.from(payload, "utf8") : payload);
