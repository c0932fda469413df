/**
 * The MQTT door: devices publish to the gateway, MQTT 3.1.1 and 3.1 (OASIS MQTT Version 3.1.1).
 *
 * It takes in and gives out nothing: every subscription is granted as a failure. Acknowledged means on disk. Devices are not asked who
 * they are, so the door stays on this machine's loopback.
 */
import { createServer, type Server } from "node:net";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, DoorSink, OpenDoor } from "@holon/core/ports.ts";
import type { MqttSourceSpec } from "@holon/core/schema/app.ts";
import { createMqttConnection, type ConnectionWorld, type MqttConnection } from "./door-mqtt-connection.ts";
import { createInbox } from "./door-mqtt-inbox.ts";
import { readMessage } from "./door-mqtt-payload.ts";
import { createMqttSessions } from "./door-mqtt-session.ts";
import { createTopicMatcher, printTopic } from "./door-mqtt-topic.ts";
import { type Address, bindHost, loopbackNames, parseAddress, printAddress } from "./net-address.ts";

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
    read(topic, payload) {
      if (isTaken(topic)) return readMessage(spec.type, topic, payload);
      return new HolonError("HOLON_SOURCE_MESSAGE_BAD", `source ${spec.name} takes no messages on ${printTopic(topic)}`);
    },
    enter(clientId, isClean, connection) {
      if (clientId === "") return sessions.open(clientId, true);
      byClient.get(clientId)?.takeOver();
      byClient.set(clientId, connection);
      clientOf.set(connection, clientId);
      return sessions.open(clientId, isClean);
    },
    left(connection) {
      connections.delete(connection);
      const clientId = clientOf.get(connection);
      clientOf.delete(connection);
      if (clientId !== undefined && byClient.get(clientId) === connection) byClient.delete(clientId);
    },
  };
  server.on("connection", (socket) => connections.add(createMqttConnection(socket, world)));

  const port = await listen(server, wanted);
  return {
    address: printAddress("mqtt", { host: wanted.host, port }),
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

function loopbackOnly(address: Address, source: string): Address {
  if (loopbackNames.some((name) => name === address.host)) return address;
  throw new HolonError("HOLON_CONFIG_BAD", `source ${source} cannot listen on ${address.host}: devices are not asked who they are, so the door stays on this machine`, {
    next: "Listen on 127.0.0.1, ::1 or localhost.",
  });
}

/** The port that is listened on. */
function listen(server: Server, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", (error) => {
      // Once it listens, an error is one connection that could not be taken (no descriptors left): the device tries again.
      const code = "code" in error ? String(error.code) : "";
      const where = printAddress("mqtt", { host, port });
      if (code === "EADDRINUSE") reject(new HolonError("HOLON_PORT_TAKEN", `${where} is already in use`, { cause: error }));
      else reject(new HolonError("HOLON_CONFIG_BAD", `cannot listen on ${where} (${code})`, { cause: error, next: "Choose another address or port." }));
    });
    server.listen({ host: bindHost(host), port, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
