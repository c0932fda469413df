import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { mqttSourceSchema } from "@holon/core/schema/app.ts";
import { connectAsync, type MqttClient } from "mqtt";
import { createClock } from "../../clock.ts";
import { openMqtt } from "../mqtt.ts";
import { createKeepingSink, until } from "../../testing/door-sink.ts";

const clock = createClock();

async function client(context: TestContext, url: string, protocolVersion: 4 | 5): Promise<MqttClient> {
  const connected = await connectAsync(url, { protocolVersion, reconnectPeriod: 0 }, false);
  context.after(() => connected.endAsync(true));
  return connected;
}

describe("what a door gives", () => {
  for (const protocol of [4, 5] as const) test(`reaches who subscribed to its topic, until it unsubscribes; no device is handed what another publishes (protocol ${protocol})`, async (context) => {
    const spec = mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "device.message", listen: "127.0.0.1:0", gives: [{ type: "valve.set", topic: "valve/{subject}/set" }] });
    const door = await openMqtt(spec, createKeepingSink(), clock);
    context.after(() => door.close());
    const url = door.address ?? "";
    const subscriber = await client(context, url, protocol);
    const came: string[] = [];
    subscriber.on("message", (topic, payload) => came.push(`${topic} ${payload.toString()}`));
    const granted = await subscriber.subscribeAsync(["valve/+/set", "pump/#"], { qos: 1 });
    assert.deepEqual(granted.map(({ qos }) => qos), [0, 0]);
    const other = await client(context, url, protocol);
    await other.publishAsync("pump/1", "1", { qos: 1 });
    const give = (topic: string, text: string): number | undefined => door.give?.(topic, new TextEncoder().encode(text));
    assert.deepEqual([give("valve/7/set", `{"open":true}`), give("valve/7/other", "no")], [1, 0], "to how many");
    give("valve/+/set", "no");
    await until("it came", () => came.length > 0);
    await subscriber.unsubscribeAsync("valve/+/set");
    give("valve/7/set", "no");
    give("pump/7", "last");
    await until("the last came", () => came.includes("pump/7 last"));
    assert.deepEqual(came, [`valve/7/set {"open":true}`, "pump/7 last"]);
  });
});
