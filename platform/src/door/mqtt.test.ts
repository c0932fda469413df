import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { mqttSourceSchema } from "@holon/core/schema/app.ts";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { generate, type IConnectPacket, type Packet } from "mqtt-packet";
import { binaryPath, need } from "../../../scripts/testing/need.ts";
import { createClock } from "../clock.ts";
import { openMqtt } from "./mqtt.ts";
import { createKeepingSink, until, type KeepingSink } from "../testing/door-sink.ts";
import { connectDevice, type Device } from "../testing/mqtt-device.ts";

const clock = createClock();

async function openDoor(context: TestContext, sink: KeepingSink = createKeepingSink(), topics = ["#"]): Promise<{ url: string; port: number; sink: KeepingSink; close: () => Promise<void> }> {
  const spec = mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "device.message", listen: "127.0.0.1:0", topics });
  const door = await openMqtt(spec, sink, clock);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= door.close());
  context.after(close);
  const url = door.address ?? "";
  return { url, port: Number(new URL(url).port), sink, close };
}

async function client(context: TestContext, url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const connected = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false);
  context.after(() => connected.endAsync(true));
  return connected;
}

function device(context: TestContext, port: number): Device {
  const one = connectDevice(port);
  context.after(() => one.socket.destroy());
  return one;
}

const hello = (clientId: string, clean = true, keepalive = 0): IConnectPacket => ({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clientId, clean, keepalive });
const message = (payload: string, qos: 0 | 1 | 2 = 0, messageId = 1, dup = false): Packet => ({ cmd: "publish", topic: "pump/1", payload, qos, dup, retain: false, messageId });
const data = (sink: KeepingSink): unknown[] => sink.readings().map((reading) => reading.data);

/** A sink whose appends wait until they are let through. */
function gatedSink(): { sink: KeepingSink; open(): void; waiting(): number } {
  let isOpen = false;
  const gates: (() => void)[] = [];
  const sink = createKeepingSink({ accept: () => (isOpen ? Promise.resolve() : new Promise((resolve) => void gates.push(resolve))) });
  return {
    sink,
    waiting: () => gates.length,
    open() {
      isOpen = true;
      for (const gate of gates.splice(0)) gate();
    },
  };
}

describe("with the clients of the field", () => {
  test("mosquitto_pub publishes with every quality of service", need("mosquitto_pub"), async (context) => {
    const { port, sink } = await openDoor(context);
    for (const qos of ["0", "1", "2"]) {
      for (const version of ["mqttv31", "mqttv311"]) {
        const lines = Array.from({ length: 40 }, (_, n) => JSON.stringify({ qos, version, n }));
        const publisher = spawn(binaryPath("mosquitto_pub"), ["-h", "127.0.0.1", "-p", String(port), "-V", version, "-i", `dev-${qos}`, "-q", qos, "-t", "plant/pump-7", "-l"]);
        publisher.stdin.end(`${lines.join("\n")}\n`);
        assert.equal(await new Promise((resolve) => publisher.on("close", resolve)), 0);
        await until("40 more readings", () => sink.readings().length % 40 === 0 && sink.readings().at(-1)?.data !== undefined && JSON.stringify(data(sink).at(-1)) === lines.at(-1));
        assert.deepEqual(data(sink).slice(-40).map((one) => JSON.stringify(one)), lines);
      }
    }
    assert.equal(sink.readings().length, 240);
    assert.ok(sink.readings().every(({ subject, type }) => subject === "plant/pump-7" && type === "device.message"));
  });

  test("the mqtt package: order within a device, text and JSON, one append for what comes together", async (context) => {
    const { url, sink } = await openDoor(context);
    const publisher = await client(context, url);
    await Promise.all(Array.from({ length: 1500 }, (_, n) => publisher.publishAsync("pump/1", String(n), { qos: n % 2 === 0 ? 1 : 2 })));
    assert.deepEqual(data(sink), Array.from({ length: 1500 }, (_, n) => n));
    assert.ok(sink.batches.length < 300, `${sink.batches.length} appends`);
    await publisher.publishAsync("pump/1", "hello", { qos: 1 });
    assert.deepEqual(data(sink).at(-1), { text: "hello" });
  });

  test("a subscription is granted as a failure", async (context) => {
    const { url } = await openDoor(context);
    const subscriber = await client(context, url);
    const codes = await subscriber.subscribeAsync(["a/#", "b"], { qos: 1 }).then((granted) => granted.map((one) => one.qos), (error: unknown) => String(error));
    assert.ok(Array.isArray(codes) ? codes.every((code) => Number(code) === 128) : /128|Unspecified error|Subscribe error/i.test(codes), String(codes));
    await subscriber.unsubscribeAsync("b");
  });

  test("a protocol that nobody knows is refused", async (context) => {
    const { port } = await openDoor(context);
    const unknown = device(context, port);
    unknown.send(Buffer.from([0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0, 0, 2, 0x61, 0x62]));
    const [answer] = await unknown.answered("connack");
    assert.ok(answer?.cmd === "connack" && answer.returnCode === 1);
  });
});

describe("acknowledgement", () => {
  test("comes after the append, not before", async (context) => {
    const gate = gatedSink();
    const { port } = await openDoor(context, gate.sink);
    const one = device(context, port);
    one.send(hello("one"));
    one.send(message("1", 1, 1));
    one.send(message("2", 2, 2));
    await until("an append", () => gate.waiting() > 0);
    one.send({ cmd: "pingreq" });
    await one.answered("pingresp");
    assert.deepEqual(one.answers.map((packet) => packet.cmd), ["connack", "pingresp"]);
    gate.open();
    await one.answered("pubrec");
    assert.deepEqual(one.answers.slice(2).map((packet) => [packet.cmd, packet.messageId]), [["puback", 1], ["pubrec", 2]]);
    one.send({ cmd: "pubrel", messageId: 2 });
    await one.answered("pubcomp");
    assert.deepEqual(data(gate.sink), [1, 2]);
  });

  test("QoS 2 is taken in once, over a reconnect of a kept session too; after the release the id is free", async (context) => {
    const { port, sink } = await openDoor(context);
    const first = device(context, port);
    first.send(hello("dev", false));
    first.send(message("1", 2, 7));
    first.send(message("1", 2, 7, true));
    await first.answered("pubrec", 2);
    first.socket.destroy();
    const second = device(context, port);
    second.send(hello("dev", false));
    const [answer] = await second.answered("connack");
    assert.ok(answer?.cmd === "connack" && answer.sessionPresent);
    second.send(message("1", 2, 7, true));
    await second.answered("pubrec");
    assert.deepEqual(data(sink), [1]);
    second.send({ cmd: "pubrel", messageId: 7 });
    await second.answered("pubcomp");
    second.send(message("2", 2, 7));
    await second.answered("pubrec", 2);
    assert.deepEqual(data(sink), [1, 2]);
  });

  test("a failed append is not acknowledged: the device is disconnected and sends again", async (context) => {
    let isFull = true;
    const sink = createKeepingSink({
      accept: async () => {
        if (isFull) throw new HolonError("HOLON_DISK_FULL", "the disk is full");
      },
    });
    const { port } = await openDoor(context, sink);
    const first = device(context, port);
    first.send(hello("dev", false));
    first.send(message("1", 2, 7));
    await until("the disconnect", first.closed);
    assert.deepEqual(first.answers.map((packet) => packet.cmd), ["connack"]);
    assert.equal(sink.hasEnded(), false, "a full disk may be freed");
    isFull = false;
    const second = device(context, port);
    second.send(hello("dev", false));
    second.send(message("1", 2, 7, true));
    await second.answered("pubrec");
    assert.deepEqual(data(sink), [1]);
  });

  test("a log that takes no more ends the source", async (context) => {
    const { port, sink } = await openDoor(context, createKeepingSink({ accept: () => Promise.reject(new HolonError("HOLON_LOG_CLOSED", "closed")) }));
    const one = device(context, port);
    one.send(hello("one"));
    one.send(message("1", 1));
    assert.equal((await sink.end)?.code, "HOLON_LOG_CLOSED");
    await until("the disconnect", one.closed);
    const late = device(context, port);
    await until("refused", late.closed);
  });

  test("closing the door stores and acknowledges what it has read", async (context) => {
    const gate = gatedSink();
    const { port, close } = await openDoor(context, gate.sink);
    const one = device(context, port);
    one.send({ ...hello("one"), will: { topic: "gone", payload: "1" } });
    one.send(message("1", 1));
    await until("an append", () => gate.waiting() > 0);
    const closed = close();
    gate.open();
    await closed;
    await one.answered("puback");
    assert.deepEqual(data(gate.sink), [1], "no will: the device did not go");
    assert.equal(gate.sink.hasEnded(), false);
  });

  test("a topic outside the filters, and a payload that is nothing, are acknowledged and set aside", async (context) => {
    const { url, sink } = await openDoor(context, createKeepingSink(), ["plant/+/data"]);
    const publisher = await client(context, url);
    await publisher.publishAsync("other/topic", "marker-4711", { qos: 1 });
    await publisher.publishAsync("plant/7/data", Buffer.from([0xff, 0xfe]), { qos: 2 });
    await publisher.publishAsync("plant/7/data", "1", { qos: 1 });
    assert.deepEqual(data(sink), [1]);
    assert.deepEqual(sink.rejects.map(({ code, position }) => [code, position]), [["HOLON_SOURCE_MESSAGE_BAD", '"other/topic"'], ["HOLON_SOURCE_MESSAGE_BAD", '"plant/7/data"']]);
    assert.doesNotMatch(JSON.stringify(sink.rejects), /marker-4711/);
  });
});

describe("bounds", () => {
  test("while the disk is slow the sockets are not read; nothing is lost when it is back", async (context) => {
    const gate = gatedSink();
    const { port } = await openDoor(context, gate.sink);
    const one = device(context, port);
    one.send(hello("one", true, 1));
    await one.answered("connack");
    const payload = "x".repeat(60_000);
    const count = 400;
    for (let n = 1; n <= count; n++) one.send(message(payload, 1, n));
    await until("an append", () => gate.waiting() > 0);
    const startMs = clock.monotonicMs();
    await until("twice the keep-alive limit", () => clock.monotonicMs() - startMs > 3000);
    assert.ok(one.socket.writableLength > count * 60_000 - limits.mqttPendingBytesMax - (8 << 20), `${one.socket.writableLength} bytes not taken`);
    assert.equal(one.closed(), false, "keep-alive does not run while the door itself does not read");
    gate.open();
    const acknowledged = await one.answered("puback", count);
    assert.deepEqual(acknowledged.map((packet) => packet.messageId), Array.from({ length: count }, (_, n) => n + 1));
    assert.equal(gate.sink.readings().length, count);
  });

  test("a device that does not read its answers is not read", async (context) => {
    const { port, sink } = await openDoor(context);
    const one = device(context, port);
    one.send(hello("one"));
    await one.answered("connack");
    one.socket.pause();
    const block = Buffer.concat(Array.from({ length: 16_384 }, () => generate({ cmd: "pingreq" })));
    let isBlocked = false;
    for (let blocks = 0; blocks < 4096 && !isBlocked; blocks++) {
      isBlocked = !one.socket.write(block) && !(await Promise.race([new Promise((resolve) => one.socket.once("drain", () => resolve(true))), new Promise((resolve) => clock.after(1000, () => resolve(false)))]));
    }
    assert.ok(isBlocked, "the door stopped reading");
    const other = device(context, port);
    other.send(hello("other"));
    other.send(message("1", 1));
    await other.answered("puback");
    assert.deepEqual(data(sink), [1]);
  });

  test("a packet over the limit, a malformed one and a broken rule close the connection and nothing else", async (context) => {
    const { port, sink } = await openDoor(context);
    const bystander = device(context, port);
    bystander.send(hello("bystander"));
    const connectPacket = generate(hello("bad"));
    const cases: readonly (readonly Buffer[])[] = [
      [Buffer.from([0xc0, 0])],
      [Buffer.from("GET / HTTP/1.1\r\n\r\n")],
      [connectPacket, connectPacket],
      [connectPacket, Buffer.from([0x30, 0xff, 0xff, 0x7f])],
      [connectPacket, Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1])],
      [connectPacket, Buffer.from([0x32, 5, 0, 1, 0x61, 0, 0])],
      [connectPacket, Buffer.from([0x30, 4, 0, 9, 0x61, 0x62])],
      [connectPacket, Buffer.from([0x30, 5, 0, 3, 0x61, 0x2f, 0x2b])],
      [connectPacket, Buffer.from([0x30, 2, 0, 0])],
      [connectPacket, Buffer.from([0x30, 5, 0, 2, 0xc3, 0x28, 0x31])],
      [connectPacket, Buffer.from([0x82, 2, 0, 1])],
      [connectPacket, Buffer.from([0x82, 6, 0, 0, 0, 1, 0x61, 0])],
      [connectPacket, Buffer.from([0xa2, 2, 0, 1])],
      [connectPacket, Buffer.from([0x62, 2, 0, 0])],
      [connectPacket, Buffer.from([0x20, 2, 0, 0])],
      [connectPacket, Buffer.from([0x40, 2, 0, 1])],
      [connectPacket, Buffer.from([0xf0, 0])],
      [connectPacket, Buffer.from([0x00, 0])],
    ];
    for (const packets of cases) {
      const bad = device(context, port);
      for (const packet of packets) bad.send(packet);
      await until(`closed after ${packets.at(-1)?.toString("hex")}`, bad.closed);
    }
    bystander.send(message("1", 1));
    await bystander.answered("puback");
    assert.deepEqual(data(sink), [1]);
    assert.equal(bystander.closed(), false);
  });

  test("noise never stops the door", async (context) => {
    const { port, sink } = await openDoor(context);
    let seed = 12345;
    const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 16;
    const whole = [hello("x"), message("1", 2, 9), { cmd: "pubrel", messageId: 9 }, { cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "a/#", qos: 1 }] }, { cmd: "unsubscribe", messageId: 4, unsubscriptions: ["a/#"] }, { cmd: "pingreq" }] satisfies Packet[];
    for (let round = 0; round < 400; round++) {
      const noisy = device(context, port);
      if (round % 8 !== 0) noisy.send(hello(`noise-${round}`));
      const bytes = round % 4 === 0 ? Buffer.from(Array.from({ length: 200 }, () => next() & 255)) : Buffer.from(generate(whole[next() % whole.length] ?? hello("x")));
      for (let flips = next() % 3; flips > 0; flips--) bytes[next() % bytes.length] = next() & 255;
      noisy.send(bytes);
      noisy.socket.end();
      await until("closed", noisy.closed);
    }
    assert.deepEqual(sink.rejects.filter(({ code }) => code === "HOLON_INTERNAL"), []);
    const one = device(context, port);
    one.send(hello("one"));
    await one.answered("connack");
  });

  test("a connection over the bound is closed at once", async (context) => {
    const { port } = await openDoor(context);
    const devices = Array.from({ length: limits.mqttConnectionsMax }, () => device(context, port));
    for (const one of devices) one.send(hello(""));
    await until("all connected", () => devices.every((one) => one.answers.length === 1));
    const over = device(context, port);
    await until("closed", over.closed);
  });
});

describe("life of a connection", () => {
  test("silence over one and a half times the keep-alive time closes it and leaves its will", async (context) => {
    const { port, sink } = await openDoor(context);
    const startMs = clock.monotonicMs();
    const one = device(context, port);
    one.send({ ...hello("one", true, 1), will: { topic: "pump/1/state", payload: '"gone"' } });
    await until("closed", one.closed);
    assert.ok(clock.monotonicMs() - startMs >= 1500);
    await until("the will", () => sink.readings().length === 1);
    assert.deepEqual(sink.readings().map(({ subject, data: said }) => [subject, said]), [["pump/1/state", "gone"]]);
  });

  test("DISCONNECT leaves no will", async (context) => {
    const { port, sink } = await openDoor(context);
    const one = device(context, port);
    one.send({ ...hello("one"), will: { topic: "pump/1/state", payload: "gone" } });
    one.send(message("1"));
    one.send({ cmd: "disconnect" });
    await until("closed", one.closed);
    const two = device(context, port);
    two.send(hello("two"));
    two.send(message("2", 1));
    await two.answered("puback");
    assert.deepEqual(data(sink), [1, 2]);
  });

  test("the same client anew closes the older connection", async (context) => {
    const { port } = await openDoor(context);
    const [older, newer] = [device(context, port), device(context, port)];
    older.send(hello("dev"));
    await older.answered("connack");
    newer.send(hello("dev"));
    await newer.answered("connack");
    await until("the older is closed", older.closed);
    newer.send(message("1", 1));
    await newer.answered("puback");
    assert.equal(newer.closed(), false);
  });

  test("an empty client id needs a clean session", async (context) => {
    const { port } = await openDoor(context);
    const [clean, kept] = [device(context, port), device(context, port)];
    clean.send(hello("", true));
    kept.send(Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0, 0, 0, 0, 0]));
    const codes = [...(await clean.answered("connack")), ...(await kept.answered("connack"))].map((packet) => packet.cmd === "connack" && packet.returnCode);
    assert.deepEqual(codes, [0, 2]);
  });
});

describe("opening", () => {
  const spec = (listen: string, topics = ["#"]) => mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "device.message", listen, topics });
  const refused = (code: string, named: string) => (error: unknown) => error instanceof HolonError && error.code === code && error.message.includes(named);

  test("an address that is in use, that is none, or that is not on this machine is refused by name", async (context) => {
    const other = createServer().listen(0, "127.0.0.1");
    context.after(() => other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    await assert.rejects(openMqtt(spec(`127.0.0.1:${address.port}`), createKeepingSink(), clock), refused("HOLON_PORT_TAKEN", `127.0.0.1:${address.port}`));
    await assert.rejects(openMqtt(spec("nowhere"), createKeepingSink(), clock), refused("HOLON_CONFIG_BAD", "nowhere"));
    await assert.rejects(openMqtt(spec("0.0.0.0:0"), createKeepingSink(), clock), refused("HOLON_CONFIG_BAD", "0.0.0.0"));
    await assert.rejects(openMqtt(spec("127.0.0.1:0", ["a/#/b"]), createKeepingSink(), clock), refused("HOLON_APP_BAD", "a/#/b"));
  });
});
