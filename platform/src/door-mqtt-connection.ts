/**
 * One device's connection: `waiting for CONNECT -> connected -> closed`.
 *
 * PUBLISH is acknowledged when the inbox says it is on disk, never before. While the inbox is full, or the device does not read its
 * answers, the socket is not read and the keep-alive time does not run.
 */
import type { Socket } from "node:net";
import type { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Reading, Timer } from "@holon/core/ports.ts";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import { createPacketCutter, MqttViolation } from "./door-mqtt-frames.ts";
import type { Arrival, Inbox } from "./door-mqtt-inbox.ts";
import * as packets from "./door-mqtt-packets.ts";
import type { MqttSession } from "./door-mqtt-session.ts";
import { isTopicName } from "./door-mqtt-topic.ts";

/** What a connection is given by its door. */
export interface ConnectionWorld {
  readonly clock: Clock;
  readonly inbox: Inbox;
  /** The message as a reading, or why it is set aside. */
  read(topic: string, payload: Buffer): Reading | HolonError;
  /** Opens the client's session; an older connection of the same client is closed. */
  enter(clientId: string, isClean: boolean, connection: MqttConnection): { readonly session: MqttSession; readonly isPresent: boolean };
  /** The socket is gone. */
  left(connection: MqttConnection): void;
}

export interface MqttConnection {
  /** Reads nothing more and, with `isFinal`, leaves no will: the door is closing, the device did nothing. */
  close(options: { readonly isFinal: boolean }): void;
}

interface Connected {
  readonly session: MqttSession;
  readonly keepAliveMs: number;
  will: IConnectPacket["will"];
}

export function createMqttConnection(socket: Socket, world: ConnectionWorld): MqttConnection {
  const cutter = createPacketCutter(limits.mqttPacketBytesMax);
  const readPacket = packets.createPacketReader();
  let connected: Connected | undefined;
  let isHeld = false;
  let isClosed = false;
  let heardMs = world.clock.monotonicMs();
  let timer: Timer = world.clock.after(limits.mqttConnectMs, watch);

  const connection: MqttConnection = {
    close({ isFinal }) {
      if (isFinal && connected !== undefined) connected.will = undefined;
      isClosed = true;
      socket.destroySoon();
    },
  };

  socket.on("data", (piece) => {
    heardMs = world.clock.monotonicMs();
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
        const bytes = cutter.next();
        if (bytes === undefined) break;
        if (connected === undefined) connect(bytes);
        else handle(connected, readPacket(bytes));
      }
    } catch (error) {
      if (!(error instanceof MqttViolation)) throw error;
      socket.destroy(); // section 4.8: whoever breaks the protocol is disconnected; 3.1.1 has no words for why
    }
  }

  function hold(): boolean {
    const isAnswersFull = socket.writableLength > limits.mqttAnswerBytesMax;
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
    if ((bytes[0] ?? 0) >> 4 !== 1) throw new MqttViolation("the first packet is not CONNECT");
    const level = packets.protocolLevel(bytes);
    if (level !== 3 && level !== 4) {
      refuse(level === 5 ? packets.protocolRefusedV5 : packets.protocolRefused);
      return;
    }
    const packet = readPacket(bytes);
    if (packet.cmd !== "connect") throw new MqttViolation("the first packet is not CONNECT");
    const isClean = packet.clean === true;
    if (packet.clientId === "" && (!isClean || level === 3)) {
      refuse(packets.clientIdRefused);
      return;
    }
    if (packet.will !== undefined && !isTopicName(packet.will.topic)) throw new MqttViolation("the will has no topic name");
    const { session, isPresent } = world.enter(packet.clientId, isClean, connection);
    connected = { session, keepAliveMs: (packet.keepalive ?? 0) * 1500, will: packet.will };
    timer.cancel();
    if (connected.keepAliveMs > 0) timer = world.clock.after(connected.keepAliveMs, watch);
    send(packets.connectionAccepted(isPresent));
  }

  function handle(client: Connected, packet: Packet): void {
    switch (packet.cmd) {
      case "publish":
        return publish(client.session, packet);
      case "pubrel":
        client.session.unreleased.delete(packet.messageId ?? 0);
        return send(packets.acknowledgement("pubcomp", packet.messageId ?? 0));
      case "pingreq":
        return send(packets.pingAnswer);
      case "subscribe":
        return send(packets.subscriptionsRefused(packet.messageId ?? 0, packet.subscriptions.length));
      case "unsubscribe":
        return send(packets.unsubscribed(packet.messageId ?? 0));
      case "disconnect":
        client.will = undefined;
        isClosed = true;
        return void socket.end();
      default:
        throw new MqttViolation(`a client does not send ${packet.cmd} here`);
    }
  }

  function publish(session: MqttSession, { topic, payload, qos, messageId = 0 }: IPublishPacket): void {
    if (!isTopicName(topic)) throw new MqttViolation("a message has no topic name");
    if (qos > 0 && messageId === 0) throw new MqttViolation("a message has packet id 0");
    if (qos === 2 && session.unreleased.size >= limits.mqttUnreleasedMax) throw new MqttViolation("too many messages are not released");
    const arrival = arrivalOf(topic, toBuffer(payload));
    if (qos === 0) world.inbox.push(arrival);
    else if (qos === 1) world.inbox.push({ ...arrival, done: () => send(packets.acknowledgement("puback", messageId)) });
    else world.inbox.push(exactlyOnce(session, messageId, arrival));
  }

  function arrivalOf(topic: string, payload: Buffer): Arrival {
    return {
      message: world.read(topic, payload),
      bytes: payload.length,
      begin: () => true,
      done: () => {},
      failed: () => void socket.destroy(), // not acknowledged: the device sends it again when it is back
    };
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
      done: () => send(packets.acknowledgement("pubrec", messageId)),
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
    if (silentMs >= limitMs && (connected !== undefined || silentMs >= limits.mqttConnectMs)) socket.destroy();
    else timer = world.clock.after(limitMs - silentMs, watch);
  }

  function refuse(answer: Buffer): void {
    isClosed = true;
    socket.end(answer);
  }

  /** Answers of one turn of the event loop leave in one write. */
  function send(bytes: Buffer): void {
    if (!socket.writable) return;
    if (socket.writableCorked === 0) {
      socket.cork();
      setImmediate(() => socket.uncork());
    }
    socket.write(bytes);
  }

  return connection;
}

const toBuffer = (payload: string | Buffer): Buffer => (typeof payload === "string" ? Buffer.from(payload, "utf8") : payload);
