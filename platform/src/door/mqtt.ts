/**
 * The MQTT door: devices publish to the gateway, MQTT 5, 3.1.1 and 3.1 (OASIS MQTT Version 5.0, Version 3.1.1).
 *
 * It takes in, and gives what its source `gives`, at QoS 0; where that is nothing, every subscription is granted as a failure. It is no
 * broker: what one device publishes, no other is handed. Acknowledged means on disk. Devices are not asked who they are, so the door stays
 * on this machine's loopback.
 */
import { createServer } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, DoorSink, OpenDoor, Reading } from "@holon/core/ports.ts";
import type { MqttSourceSpec } from "@holon/core/schema/app.ts";
import { listenOn, loopbackOnly } from "./listen.ts";
import { createMqttConnection, type ConnectionWorld, type MqttConnection } from "./mqtt/connection.ts";
import { createInbox } from "./mqtt/inbox.ts";
import { readMessage } from "./mqtt/payload.ts";
import { createMqttSessions } from "./mqtt/session.ts";
import { Publication } from "./mqtt/packets.ts";
import { createTopicMatcher, isTopicName, printTopic } from "./mqtt/topic.ts";
import { parseAddress, printAddress } from "../net/address.ts";

/** Listens for devices. `HOLON_PORT_TAKEN`, `HOLON_CONFIG_BAD` for an address, `HOLON_APP_BAD` for a topic filter that is none. */
export async function openMqtt(spec: MqttSourceSpec, sink: DoorSink, clock: Clock): Promise<OpenDoor> {
  const isTaken = createTopicMatcher(spec.topics, spec.name);
  const wanted = loopbackOnly(parseAddress(spec.listen, "mqtt"), spec.name);
  const sessions = createMqttSessions(limits.mqttSessionsMax);
  const connections = new Set<MqttConnection>();
  const byClient = new Map<string, MqttConnection>();
  const clientOf = new Map<MqttConnection, string>();

  const server = createServer({ noDelay: true, highWaterMark: limits.mqttAnswerBytesMax });
  server.maxConnections = limits.mqttConnectionsMax;

  const inbox = createInbox(sink, (problem) => {
    server.close();
    for (const connection of connections) connection.close();
    sink.ended(problem);
  });

  const world: ConnectionWorld = {
    clock,
    inbox,
    gives: spec.gives !== undefined,
    read(topic, payload, traceparent) {
      if (isTaken(topic)) return withTrace(readMessage(spec.type, topic, payload), traceparent);
      return new HolonError("HOLON_SOURCE_MESSAGE_BAD", `source ${spec.name} takes no messages on ${printTopic(topic)}`);
    },
    enter(clientId, { isClean, isKept }, connection) {
      if (clientId === "") return sessions.open(clientId, true, false);
      byClient.get(clientId)?.takeOver();
      byClient.set(clientId, connection);
      clientOf.set(connection, clientId);
      return sessions.open(clientId, isClean, isKept);
    },
    left(connection) {
      connections.delete(connection);
      const clientId = clientOf.get(connection);
      clientOf.delete(connection);
      if (clientId !== undefined && byClient.get(clientId) === connection) byClient.delete(clientId);
    },
  };
  server.on("connection", (socket) => connections.add(createMqttConnection(socket, world)));

  /** What was given last: orders of one kind follow each other. */
  let ordered: { readonly topic: string; readonly name: Buffer; readonly levels: readonly string[] | undefined } = { topic: "", name: Buffer.alloc(0), levels: undefined };
  const port = await listenOn(server, "mqtt", wanted);
  return {
    address: printAddress("mqtt", { host: wanted.host, port }),
    give(topic, payload) {
      if (topic !== ordered.topic) ordered = { topic, name: Buffer.from(topic, "utf8"), levels: isTopicName(topic) ? topic.split("/") : undefined };
      const { name, levels } = ordered;
      if (levels === undefined) return 0; // a subject may hold what a topic may not
      const packet = new Publication(name, payload);
      let devices = 0;
      for (const connection of connections) if (connection.give(levels, packet)) devices += 1;
      return devices;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of connections) connection.stop();
      await inbox.drained();
      for (const connection of connections) connection.close();
      await closed;
      await inbox.drained();
    },
  };
}

const withTrace = (message: Reading | HolonError, traceparent: string | undefined): Reading | HolonError => (message instanceof HolonError || traceparent === undefined ? message : { ...message, traceparent });
