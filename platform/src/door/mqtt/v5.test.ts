/** What is MQTT 5's own at the door; all that both protocols promise is tried in `door/mqtt.test.ts`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test, type TestContext } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { mqttSourceSchema } from "@holon/core/schema/app.ts";
import { connectAsync } from "mqtt";
import type { IConnectPacket } from "mqtt-packet";
import { binaryPath, need } from "../../../../scripts/testing/need.ts";
import { createClock } from "../../clock.ts";
import { openMqtt } from "../mqtt.ts";
import { createKeepingSink, until, type KeepingSink } from "../../testing/door-sink.ts";
import { connectDevice } from "../../testing/mqtt-device.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const hello = (clientId: string): IConnectPacket => ({ cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clientId, clean: true, keepalive: 0 });

async function openDoor(context: TestContext): Promise<{ readonly url: string; readonly port: number; readonly sink: KeepingSink }> {
  const sink = createKeepingSink();
  const door = await openMqtt(mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "device.message", listen: "127.0.0.1:0" }), sink, createClock());
  context.after(() => door.close());
  const url = door.address ?? "";
  return { url, port: Number(new URL(url).port), sink };
}

test("mosquitto_pub with MQTT 5 publishes with every quality of service, and its traceparent comes along", need("mosquitto_pub"), async (context) => {
  const { port, sink } = await openDoor(context);
  for (const qos of ["0", "1", "2"]) {
    const publisher = spawn(binaryPath("mosquitto_pub"), ["-h", "127.0.0.1", "-p", String(port), "-V", "mqttv5", "-q", qos, "-t", "a", "-m", qos, "-D", "publish", "user-property", "traceparent", traceparent, "-D", "publish", "user-property", "batch", "7", "-D", "publish", "content-type", "application/json"]);
    assert.equal(await new Promise((resolve) => publisher.on("close", resolve)), 0);
  }
  await until("all are there", () => sink.readings().length === 3);
  assert.deepEqual(sink.readings().map((reading) => [reading.data, reading.traceparent]), [0, 1, 2].map((qos) => [qos, traceparent]));
});

test("the mqtt package with MQTT 5: properties, sessions, names that the door gives, and what it says it does not do", async (context) => {
  const { url, sink } = await openDoor(context);
  const publisher = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, clientId: "pump-7", clean: false, properties: { sessionExpiryInterval: 60 } }, false);
  context.after(() => publisher.endAsync(true));
  for (const qos of [0, 1, 2] as const) await publisher.publishAsync("pump/1", `{"qos":${qos}}`, { qos, properties: { userProperties: { traceparent, other: ["a", "b"] }, messageExpiryInterval: 60, payloadFormatIndicator: true, responseTopic: "answers", correlationData: Buffer.from("c"), contentType: "application/json" } });
  await publisher.publishAsync("pump/1", "plain", { qos: 1 });
  assert.deepEqual(sink.readings().map((reading) => [reading.data, reading.traceparent]), [...[0, 1, 2].map((qos) => [{ qos }, traceparent]), [{ text: "plain" }, undefined]]);
  const refused = await publisher.subscribeAsync("a/#").then(() => "granted", (error: unknown) => String(error));
  assert.notEqual(refused, "granted");
  await publisher.unsubscribeAsync("b").catch((error: unknown) => assert.match(String(error), /No subscription existed|17/));
  const unnamed = connectDevice(Number(new URL(url).port), 5);
  context.after(() => unnamed.socket.destroy());
  unnamed.send(hello(""));
  const [answer] = await unnamed.answered("connack");
  assert.ok(answer?.cmd === "connack" && answer.reasonCode === 0);
  assert.match(answer.properties?.assignedClientIdentifier ?? "", /^holon-/);
  assert.deepEqual([answer.properties?.maximumPacketSize, answer.properties?.sharedSubscriptionAvailable], [limits.mqttPacketBytesMax, false]);
});

test("a device of MQTT 5 that uses what was not granted, or whose properties are wrong, is disconnected, and nobody else", async (context) => {
  const { port, sink } = await openDoor(context);
  const topic = [0, 1, 0x61];
  for (const properties of [[3, 0x23, 0, 1], [2, 0x7f, 0], [9, 0x26, 0, 1], [0x80, 0x80, 0x80, 0x80, 1], [5, 0x26, 0, 9, 0x61, 0x62], [3, 0x02, 0, 0]]) {
    const one = connectDevice(port, 5);
    context.after(() => one.socket.destroy());
    one.send(hello("a"));
    await one.answered("connack");
    one.send(Buffer.from([0x30, topic.length + properties.length, ...topic, ...properties]));
    await until("it is disconnected", () => one.closed());
  }
  assert.equal(sink.readings().length, 0);
  const method = connectDevice(port, 5);
  context.after(() => method.socket.destroy());
  method.send({ ...hello("b"), properties: { authenticationMethod: "GS2-KRB5" } });
  const [answer] = await method.answered("connack");
  assert.ok(answer?.cmd === "connack" && answer.reasonCode === 0x8c);
});
