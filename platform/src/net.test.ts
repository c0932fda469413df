import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as connectSecure } from "node:tls";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Listener, Net } from "@holon/core/ports.ts";
import { netContract } from "@holon/sim/contracts/net.ts";
import { WebSocket } from "ws";
import { linkPath, linkProtocol, nameHeader } from "./net/wire.ts";
import { testFleet } from "./testing/test-fleet.ts";

const fleet = await testFleet();
const foreign = await testFleet();
const { keyPem: key, chainPem: cert, rootPem: ca } = (await fleet.member("gateway-9")).identity.credentials();
const stranger9 = { key, cert, ca, rejectUnauthorized: false } as const;
const parent: Net = (await fleet.member("edge-1")).net;
const child: Net = (await fleet.member("gateway-1")).net;
const hasCode = (code: string, naming: RegExp) => (error: unknown) => error instanceof HolonError && error.code === code && naming.test(error.message);

netContract("platform", () => ({
  port: { parent, child, listenAddress: "127.0.0.1:0", emptyAddress: "wss://127.0.0.1:1" },
  drive: (work) => work,
  dispose: async () => undefined,
}));

interface Open {
  readonly listener: Listener;
  readonly port: number;
  /** Connections that were accepted. */
  readonly accepted: Connection[];
  /** Reasons of those that closed, in order. */
  readonly reasons: string[];
  /** Resolves when one has closed. */
  closed(): Promise<void>;
}

async function open(t: Pick<TestContext, "after">, address = "127.0.0.1:0"): Promise<Open> {
  const accepted: Connection[] = [];
  const reasons: string[] = [];
  let wake: () => void = () => undefined;
  const listener = await parent.listen(address, (connection) => {
    accepted.push(connection);
    connection.receive({
      frame: (bytes) => connection.send(bytes),
      closed: (reason) => {
        reasons.push(reason);
        wake();
      },
    });
  });
  t.after(() => listener.close());
  const closed = async (): Promise<void> => {
    while (reasons.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { listener, port: Number(new URL(listener.address).port), accepted, reasons, closed };
}

/** A peer that speaks otherwise than nodes do, with a certificate of the fleet. */
async function stranger(port: number, headers: Record<string, string> = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(`wss://127.0.0.1:${port}${linkPath}`, linkProtocol, {
    ...stranger9,
    perMessageDeflate: false,
    headers: { [nameHeader]: "gateway-9", ...headers },
  });
  await once(webSocket, "open");
  return webSocket;
}

/** Resolves when a socket is closed, be it with an error. */
const closing = (socket: { once(event: "close", callback: () => void): unknown }): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));

/** A connection that still works shows that the listener came through. */
async function stillServes(address: string): Promise<void> {
  const connection = await child.connect(address);
  await new Promise<void>((resolve) => {
    connection.receive({ frame: () => connection.close("seen"), closed: () => resolve() });
    connection.send(new Uint8Array(10));
  });
}

test("a node of another fleet talks to none of this one, whatever its name, and none without a certificate", async (t) => {
  const { listener, accepted } = await open(t);
  await assert.rejects((await foreign.member("gateway-1")).net.connect(listener.address), hasCode("HOLON_IDENTITY_UNTRUSTED", /authority/));
  await assert.rejects((await fleet.unenrolled("gateway-1")).net.connect(listener.address), hasCode("HOLON_IDENTITY_MISSING", /no certificate/));
  assert.equal(accepted.length, 0);
});

test("who was expected must answer", async (t) => {
  const { listener } = await open(t);
  await assert.rejects(child.connect(listener.address, fleet.name("edge-2")), hasCode("HOLON_LINK_REFUSED", /proves to be edge-1, not edge-2/));
  (await child.connect(listener.address, fleet.name("edge-1"))).close("done");
});

test("a listener needs an address, and a certificate", async (t) => {
  for (const address of ["nonsense", "127.0.0.1", "127.0.0.1:99999", "ws://127.0.0.1:1", ""]) {
    await assert.rejects(parent.listen(address, () => undefined), hasCode("HOLON_CONFIG_BAD", /no address/));
  }
  await assert.rejects((await fleet.unenrolled("edge-1")).net.listen("127.0.0.1:0", () => undefined), hasCode("HOLON_IDENTITY_MISSING", /no certificate/));
  const { listener } = await open(t, "localhost:0");
  assert.match(listener.address, /^wss:\/\/localhost:\d+$/);
  await stillServes(listener.address);
});

test("what is no Holon node, or no TLS, is not reachable", async (t) => {
  const plain = createServer((socket) => socket.end("220 some other service\r\n"));
  plain.listen(0, "127.0.0.1");
  await once(plain, "listening");
  t.after(() => plain.close());
  const bound = plain.address();
  assert.ok(typeof bound === "object" && bound !== null);
  await assert.rejects(child.connect(`wss://127.0.0.1:${bound.port}`), hasCode("HOLON_LINK_UNREACHABLE", /cannot reach/));
  await assert.rejects(child.connect("wss://name.invalid:7401"), hasCode("HOLON_LINK_UNREACHABLE", /name\.invalid/));
});

test("traffic is what the network carries, handshake and closing included", async (t) => {
  const { listener, port, accepted, closed } = await open(t);
  const carried = { up: 0, down: 0 };
  const proxy = createServer((near) => {
    const far = connectSocket(port, "127.0.0.1");
    near.on("data", (bytes) => {
      carried.up += bytes.length;
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      carried.down += bytes.length;
      near.write(bytes);
    });
    near.on("end", () => far.end());
    far.on("end", () => near.end());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => proxy.close());
  const bound = proxy.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const connection = await child.connect(`wss://127.0.0.1:${bound.port}`);
  let echoed = 0;
  await new Promise<void>((resolve) => {
    connection.receive({
      frame: () => {
        echoed += 1;
        if (echoed === 40) connection.close("done");
      },
      closed: () => resolve(),
    });
    for (let count = 0; count < 20; count++) connection.send(randomBytes(200));
    for (let count = 0; count < 20; count++) connection.send(randomBytes(50_000));
  });
  await closed();
  const own = connection.traffic();
  const peer = accepted[0]?.traffic();
  assert.ok(carried.up > 1_004_000);
  assert.deepEqual([own.sentBytes, peer?.sentBytes], [carried.up, carried.down]);
  // An end that has closed leaves the other's TLS farewell unread.
  const isAlmost = (received = 0, sent: number): boolean => received <= sent && received > sent - 60;
  assert.ok(isAlmost(own.receivedBytes, carried.down) && isAlmost(peer?.receivedBytes, carried.up));
  assert.equal(listener.address, `wss://127.0.0.1:${port}`);
});

test("frames of one tick leave together: little is added to each", async (t) => {
  const { listener } = await open(t);
  const connection = await child.connect(listener.address);
  const before = connection.traffic().sentBytes;
  await new Promise<void>((resolve) => {
    let echoed = 0;
    connection.receive({ frame: () => ++echoed === 1000 && resolve(), closed: () => undefined });
    for (let count = 0; count < 1000; count++) connection.send(new Uint8Array(200));
  });
  const added = (connection.traffic().sentBytes - before) / 1000 - 200;
  assert.ok(added < 12, `${added} bytes a frame`);
  connection.close("done");
});

test("a text frame ends the connection", async (t) => {
  const { listener, port, reasons, closed } = await open(t);
  const webSocket = await stranger(port);
  webSocket.send("text");
  await closing(webSocket);
  await closed();
  assert.match(reasons[0] ?? "", /text/);
  await stillServes(listener.address);
});

test("a frame over the limit ends the connection", async (t) => {
  const { listener, port, reasons, closed } = await open(t);
  const webSocket = await stranger(port);
  webSocket.on("error", () => undefined);
  webSocket.send(Buffer.alloc(limits.frameBytesMax + 1));
  await closed();
  assert.match(reasons[0] ?? "", /payload size/i);
  webSocket.terminate();
  await stillServes(listener.address);
});

test("a frame in endless small pieces ends the connection", async (t) => {
  const { port, reasons, closed } = await open(t);
  const webSocket = await stranger(port);
  webSocket.on("error", () => undefined);
  for (let piece = 0; piece < limits.frameFragmentsMax + 1; piece++) webSocket.send(Buffer.alloc(1), { fin: false });
  await closed();
  assert.match(reasons[0] ?? "", /fragments/i);
  webSocket.terminate();
});

test("rubbish, before and after the handshake, harms nobody else", async (t) => {
  const { listener, port, accepted, reasons, closed } = await open(t);
  const bystander = await child.connect(listener.address);
  bystander.receive({ frame: () => undefined, closed: () => undefined });

  const raw = connectSocket(port, "127.0.0.1");
  raw.on("error", () => undefined);
  raw.write(randomBytes(4000));
  await closing(raw);

  const secure = connectSecure({ port, host: "127.0.0.1", ...stranger9 });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  secure.write(randomBytes(4000));
  secure.resume();
  await closing(secure);

  const upgraded = connectSecure({ port, host: "127.0.0.1", ...stranger9 });
  upgraded.on("error", () => undefined);
  upgraded.write(
    `GET ${linkPath} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Protocol: ${linkProtocol}\r\n` +
      `${nameHeader}: gateway-9\r\n\r\n`,
  );
  await once(upgraded, "data");
  upgraded.write(Buffer.alloc(4000, 0xff));
  upgraded.resume();
  await Promise.all([closing(upgraded), closed()]);

  assert.deepEqual(accepted.map(({ peer }) => peer), ["gateway-1", "gateway-9"]);
  assert.equal(reasons.length, 1);
  bystander.close("done");
  await stillServes(listener.address);
});

test("a name that is none, another path and a plain request are answered with a refusal", async (t) => {
  const { port, accepted } = await open(t);
  const status = async (path: string, headers: Record<string, string>): Promise<number> => {
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") };
    const outgoing = request({ port, host: "127.0.0.1", path, ...stranger9, headers: { ...upgrade, ...headers } });
    outgoing.end();
    const [response] = await once(outgoing, "response");
    response.resume();
    return response.statusCode;
  };
  assert.equal(await status(linkPath, { [nameHeader]: "Not A Name" }), 400);
  assert.equal(await status(linkPath, {}), 400);
  assert.equal(await status("/elsewhere", { [nameHeader]: "gateway-9" }), 404);
  assert.equal(await status(linkPath, { [nameHeader]: "gateway-1" }), 403);
  assert.equal(await status(linkPath, { connection: "close", upgrade: "" }), 404);
  assert.equal(accepted.length, 0);
});

test("peers that never finish the handshake are bounded in number, and let go when the listener closes", async (t) => {
  const { listener, port } = await open(t);
  const silent: Socket[] = [];
  t.after(() => silent.forEach((socket) => socket.destroy()));
  const closings: Promise<unknown>[] = [];
  for (let count = 0; count < limits.handshakesPendingMax; count++) {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => undefined);
    closings.push(closing(socket));
    silent.push(socket.resume());
    await once(socket, "connect");
  }
  const extra = connectSocket(port, "127.0.0.1");
  extra.on("error", () => undefined);
  await closing(extra.resume());
  assert.ok(silent.every((socket) => !socket.destroyed), "those before it keep their place");
  silent[0]?.destroy();
  await listener.close();
  await Promise.all(closings);
});

test("a parent that accepts and then says nothing is given up", { timeout: limits.handshakeMs * 2 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const held: Socket[] = [];
  const mute = createServer((socket) => held.push(socket));
  mute.listen(0, "127.0.0.1");
  await once(mute, "listening");
  t.after(() => (held.forEach((socket) => socket.destroy()), mute.close()));
  const bound = mute.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const failing = assert.rejects(child.connect(`wss://127.0.0.1:${bound.port}`), hasCode("HOLON_LINK_UNREACHABLE", /no answer/));
  await once(mute, "connection");
  t.mock.timers.tick(limits.handshakeMs);
  await failing;
});

test("a peer that never finishes the handshake is closed at the deadline", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { port } = await open(t);
  const secure = connectSecure({ port, host: "127.0.0.1", ...stranger9 });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  secure.write("GET / HTTP/1.1\r\nHost: x\r\n");
  const closed = closing(secure.resume());
  t.mock.timers.tick(limits.handshakeMs);
  await closed;
});
