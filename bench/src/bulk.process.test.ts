/** The bulk door with everything real: the sdk's producer, a socket, the door, the log, the disk; and a process that is killed. */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createBatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { createFrameCutter, encodeHello, parseDoorFrame, type DoorSays, type Hello } from "@holon/core/bulk/frame.ts";
import { HolonError } from "@holon/core/errors.ts";
import { showEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import type { Disk } from "@holon/core/ports.ts";
import type { Event } from "@holon/core/schema/event.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createProducer, type Producer, type ProducerOptions } from "@holon/sdk/producer.ts";
import type { SegmentLog } from "@holon/node/log/segment-log.ts";
import { bulkSource, bulkType, freePort, openBulkGateway, type BulkGateway } from "./testing/bulk-gateway.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function producerAt(port: () => number, more: Partial<ProducerOptions> = {}): Producer & { readonly sockets: Socket[] } {
  const sockets: Socket[] = [];
  const open = (): Socket => {
    const socket = connect(port(), "127.0.0.1");
    sockets.push(socket);
    return socket;
  };
  return Object.assign(createProducer({ source: bulkSource, producer: "line-1", connect: open, wait: soon, ...more }), { sockets });
}

async function gatewayFor(context: TestContext, disk?: (folder: string) => Disk): Promise<BulkGateway> {
  const folder = tempFolder(context);
  const gateway = await openBulkGateway(folder, disk === undefined ? {} : { disk: disk(folder) });
  context.after(() => gateway.close());
  return gateway;
}

/** Events of the producers' type, in order. */
async function eventsIn(log: SegmentLog): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let from = 1; ; ) {
    const records = await log.read({ origin: log.origin, stream: "local" }, from, { maxRecords: 10_000, maxBytes: 1 << 20 });
    const last = records.at(-1);
    if (last === undefined) return events.filter(({ type }) => type === bulkType);
    events.push(...records.map(showEvent));
    from = last.sequence + 1;
  }
}

const numbersIn = async (log: SegmentLog): Promise<readonly unknown[]> => (await eventsIn(log)).map(({ data }) => data);
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

test("what is published becomes ordinary events, acknowledged when they are on disk", async (context) => {
  const { log, port, source } = await gatewayFor(context);
  const producer = producerAt(() => port);
  const timeMs = Date.UTC(2026, 0, 2);
  await Promise.all([producer.publish({ v: 1 }, { subject: "pump/1", timeMs }), producer.publish("grün", { subject: "pump/2" }), producer.publish(null)]);
  const events = await eventsIn(log);
  assert.deepEqual(events.map(({ type, source: from, subject, class: own, data }) => ({ type, from, subject, own, data })), [
    { type: bulkType, from: "/gateway-1/app/readings", subject: "pump/1", own: "derived", data: { v: 1 } },
    { type: bulkType, from: "/gateway-1/app/readings", subject: "pump/2", own: "derived", data: "grün" },
    { type: bulkType, from: "/gateway-1/app/readings", subject: undefined, own: "derived", data: null },
  ]);
  assert.equal(events[0]?.time, "2026-01-02T00:00:00.000Z");
  assert.equal(events[1]?.time, events[1]?.recordedtime);
  const found = await log.find({ accepts: () => true, type: bulkType, limit: 10 });
  assert.deepEqual(found.map(({ event }) => event), events);
  assert.deepEqual([source.status().readings, producer.status().stored, producer.status().waiting], [3, 3, 0]);
  producer.close();
});

test("a connection that breaks again and again costs nothing and doubles nothing", async (context) => {
  const { log, port } = await gatewayFor(context);
  const producer = producerAt(() => port, { batchEventsMax: 10 });
  const done: Promise<void>[] = [];
  for (let number = 0; number < 3000; number++) {
    done.push(producer.publish(number));
    if (number % 50 === 0) await soon();
    if (number % 200 === 7) producer.sockets.at(-1)?.destroy();
  }
  await Promise.all(done);
  assert.ok(producer.sockets.length > 5);
  assert.deepEqual(await numbersIn(log), upTo(3000));
  producer.close();
});

test("a disk that is full now and then: what follows a refused batch falls with it, and all is stored once, in order", async (context) => {
  let seed = 1;
  const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let refused = 0;
  const fullNowAndThen = (folder: string): Disk => {
    const disk = createDisk(folder);
    return {
      ...disk,
      open: async (path, options) => {
        const file = await disk.open(path, options);
        const writeThrough = file.writeThrough.bind(file);
        file.writeThrough = (position, bytes) => {
          if (chance() > 0.2) return writeThrough(position, bytes);
          refused += 1;
          return Promise.reject(new HolonError("HOLON_DISK_FULL", "no room now"));
        };
        return file;
      },
    };
  };
  const { log, port } = await gatewayFor(context, fullNowAndThen);
  const producer = producerAt(() => port, { batchEventsMax: 7, batchesMax: 8 });
  const done: Promise<void>[] = [];
  for (let number = 0; number < 2000; number++) {
    done.push(producer.publish(number));
    if (number % 20 === 0) await soon();
  }
  await Promise.all(done);
  assert.ok(refused > 5, `${refused} refusals`);
  assert.deepEqual(await numbersIn(log), upTo(2000));
  producer.close();
});

test("a gateway killed in mid-stream, again and again: none lost, none doubled", async (context) => {
  const folder = tempFolder(context);
  const port = await freePort();
  let gateway: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    gateway = fork(fileURLToPath(new URL("./testing/bulk-gateway.ts", import.meta.url)), [folder, String(port)]);
    await once(gateway, "message");
  };
  const kill = async (): Promise<void> => {
    const ended = gateway === undefined ? undefined : once(gateway, "exit");
    gateway?.kill("SIGKILL");
    await ended;
  };
  await start();
  const producer = producerAt(() => port, { batchEventsMax: 50, bufferBytesMax: 50_000 });
  let acknowledged = 0;
  let published = 0;
  for (let kills = 0; kills < 3; kills++) {
    for (const goal = acknowledged + 4000; acknowledged < goal; await producer.room()) {
      for (let more = 0; more < 50; more++) producer.publish(published++).then(() => (acknowledged += 1), assert.fail);
    }
    await kill();
    await start();
  }
  await producer.flush();
  producer.close();
  assert.equal(acknowledged, published);
  await kill();
  const { log, close } = await openBulkGateway(folder);
  assert.deepEqual(await numbersIn(log), upTo(published));
  await close();
});

test("a producer that starts again goes on behind what is stored; one of its name that lives on is told to stop", async (context) => {
  const { log, port } = await gatewayFor(context);
  const first = producerAt(() => port);
  await first.publish("of the first");
  const other = producerAt(() => port, { producer: "line-2" });
  await other.publish("of another");
  const anew = producerAt(() => port);
  assert.equal(await anew.ready(), 1);
  await anew.publish("of the first, anew");
  await assert.rejects(async () => {
    for (;;) await first.publish("too late");
  }, { code: "HOLON_PRODUCER_FENCED" });
  await other.publish("still of another");
  assert.deepEqual(await numbersIn(log), ["of the first", "of another", "of the first, anew", "still of another"]);
  for (const producer of [other, anew]) producer.close();
});

/** A connection that says what it likes. */
async function talk(port: number): Promise<{ readonly socket: Socket; readonly said: DoorSays[]; heard(count: number): Promise<void>; closed(): Promise<void> }> {
  const socket = connect(port, "127.0.0.1");
  const said: DoorSays[] = [];
  const cutter = createFrameCutter();
  socket.on("data", (piece: Buffer) => {
    cutter.push(piece);
    for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) said.push(parseDoorFrame(frame));
  });
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  await once(socket, "connect");
  return {
    socket,
    said,
    closed: async () => void (await closed),
    heard: async (count) => {
      while (said.length < count) await soon();
    },
  };
}

const hello = (more: Partial<Hello> = {}): Uint8Array => encodeHello({ protocol: 1, source: bulkSource, producer: "line-1", ...more });

function batch(base: number, ...texts: readonly string[]): Uint8Array {
  const writer = createBatchWriter();
  for (const text of texts) writer.add(new TextEncoder().encode(text), undefined, undefined);
  return writer.finish(base);
}

/** Codes and sequences that the door said, in order. */
const printed = (said: readonly DoorSays[]): readonly unknown[] => said.map((one) => ("refused" in one ? one.refused.code : "stored" in one ? one.stored : "welcome"));

test("what is wrong is said by its code, ends the connection, and leaves nothing behind", async (context) => {
  const { log, port, source } = await gatewayFor(context);
  const cases: readonly (readonly [string, readonly Uint8Array[], readonly unknown[]])[] = [
    ["another source", [hello({ source: "elsewhere" })], ["HOLON_SOURCE_UNKNOWN"]],
    ["a batch before the hello", [batch(1, "1")], ["HOLON_FRAME_BAD"]],
    ["no hello at all", [new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")], ["HOLON_FRAME_BAD"]],
    ["a text that is none", [hello(), batch(1, "1", '2,"class":"public"')], ["welcome", "HOLON_BATCH_BAD"]],
    ["a gap", [hello(), batch(5, "1")], ["welcome", "HOLON_PRODUCER_GAP"]],
    ["a frame over the bound", [hello(), Uint8Array.of(0, 0, 0, 1 + (limits.bulkFrameBytesMax >> 24), 2)], ["welcome", "HOLON_FRAME_BAD"]],
    ["an epoch that is over", [hello(), hello({ epoch: 1 })], ["welcome", "HOLON_FRAME_BAD"]],
  ];
  for (const [name, frames, expected] of cases) {
    const { socket, said, heard, closed } = await talk(port);
    for (const [index, frame] of frames.entries()) {
      socket.write(frame);
      if (index < frames.length - 1) await heard(index + 1);
    }
    await closed();
    assert.deepEqual(printed(said), expected, name);
  }
  const late = await talk(port);
  late.socket.write(hello({ epoch: 1 }));
  await late.closed();
  assert.deepEqual(printed(late.said), ["HOLON_PRODUCER_FENCED"]);
  assert.deepEqual(await numbersIn(log), []);
  while (source.status().rejected < 5) await soon();
});

test("a batch that comes again, whole or in part, is answered and not stored again; half a frame is nothing", async (context) => {
  const { log, port } = await gatewayFor(context);
  const { socket, said, heard } = await talk(port);
  socket.write(hello());
  await heard(1);
  for (const [index, frame] of [batch(1, "1", "2"), batch(1, "1", "2"), batch(2, "2", "3"), batch(1, "1")].entries()) {
    socket.write(frame);
    await heard(index + 2);
  }
  assert.deepEqual(printed(said), ["welcome", 2, 2, 3, 3]);
  const whole = batch(4, "4", "5");
  socket.end(whole.subarray(0, whole.length - 1));
  const again = await talk(port);
  again.socket.write(hello({ epoch: 1 }));
  await again.heard(1);
  assert.deepEqual(again.said[0], { welcome: { epoch: 1, sequence: 3, creditBytes: limits.bulkCreditBytes } });
  assert.deepEqual(await numbersIn(log), [1, 2, 3]);
  again.socket.destroy();
});
