import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection, Net } from "@holon/core/ports.ts";
import { netContract } from "./contracts/net.ts";
import { Incarnation } from "./incarnation.ts";
import { localLine, wideAreaLine, type LinkProfile } from "./net/link-profile.ts";
import { SimNet } from "./net.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

netContract("sim", () => {
  const world = new World(1);
  const net = new SimNet(world, { profileOf: () => localLine });
  const parent = net.portFor(incarnation(world, "edge-1", 1));
  const child = net.portFor(incarnation(world, "gateway-1", 2));
  return {
    port: { parent, child, listenAddress: "edge-1:0", emptyAddress: "wss://edge-1:1" },
    drive: (work) => world.drive(work),
    dispose: () => Promise.resolve(),
  };
});

/** What one end saw, in order. */
class Seen {
  readonly frames: number[] = [];
  closed: string | undefined;
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.receive({ frame: (bytes) => void this.frames.push(bytes[0] ?? -1), closed: (reason) => void (this.closed = reason) });
  }
}

class Pair {
  readonly world: World;
  readonly net: SimNet;
  readonly edge: Incarnation;
  readonly gateway: Incarnation;
  readonly edgeNet: Net;
  readonly gatewayNet: Net;

  constructor(profile: LinkProfile = { ...wideAreaLine, resetChance: 0 }, seed = 1) {
    this.world = new World(seed);
    this.net = new SimNet(this.world, { profileOf: () => profile });
    this.edge = incarnation(this.world, "edge-1", 1);
    this.gateway = incarnation(this.world, "gateway-1", 2);
    this.edgeNet = this.net.portFor(this.edge);
    this.gatewayNet = this.net.portFor(this.gateway);
  }

  async link(): Promise<{ readonly up: Seen; readonly down: Seen }> {
    return this.world.drive(
      (async () => {
        let accept: (connection: Connection) => void = () => {};
        const accepted = new Promise<Connection>((resolve) => (accept = resolve));
        await this.edgeNet.listen("edge-1:7401", (connection) => accept(connection));
        const up = new Seen(await this.gatewayNet.connect("wss://edge-1:7401"));
        return { up, down: new Seen(await accepted) };
      })(),
    );
  }

  wait(ms: number): Promise<unknown> {
    return this.world.run({ timeMs: this.world.nowMs + ms });
  }
}

test("frames arrive in order over a line that loses some, and take their time", async () => {
  const pair = new Pair({ ...wideAreaLine, resetChance: 0, lossChance: 0.2 });
  const { up, down } = await pair.link();
  const beganMs = pair.world.nowMs;
  for (let index = 0; index < 200; index++) up.connection.send(Uint8Array.of(index));
  await pair.world.run({ condition: () => down.frames.length === 200 });
  assert.deepEqual(down.frames, Array.from({ length: 200 }, (_, index) => index));
  assert.ok(pair.world.nowMs - beganMs > wideAreaLine.latency.minMs);
});

test("a cut holds frames back and healing lets them go on, in order", async () => {
  const pair = new Pair();
  const { up, down } = await pair.link();
  up.connection.send(Uint8Array.of(1));
  pair.net.cut("gateway-1", "edge-1");
  up.connection.send(Uint8Array.of(2));
  await pair.wait(5_000);
  assert.deepEqual(down.frames, []);
  assert.ok(up.connection.queuedBytes() > 0);
  pair.net.heal("gateway-1", "edge-1");
  up.connection.send(Uint8Array.of(3));
  await pair.wait(5_000);
  assert.deepEqual(down.frames, [1, 2, 3]);
  assert.equal(up.connection.queuedBytes(), 0);
});

test("a one-way cut lets the other way pass", async () => {
  const pair = new Pair();
  const { up, down } = await pair.link();
  pair.net.cutOneWay("gateway-1", "edge-1");
  up.connection.send(Uint8Array.of(1));
  down.connection.send(Uint8Array.of(2));
  await pair.wait(5_000);
  assert.deepEqual([up.frames, down.frames], [[2], []]);
});

test("a sender that nobody answers gives up in the end; the other end is told when it speaks", async () => {
  const pair = new Pair({ ...wideAreaLine, resetChance: 0, giveUpMs: 30_000 });
  const { up, down } = await pair.link();
  pair.net.cut("gateway-1", "edge-1");
  up.connection.send(Uint8Array.of(1));
  await pair.wait(50_000);
  assert.match(up.closed ?? "", /did not acknowledge/);
  assert.equal(down.closed, undefined);
  pair.net.heal("gateway-1", "edge-1");
  await pair.wait(1_000);
  assert.equal(down.closed, undefined, "half-open");
  down.connection.send(Uint8Array.of(2));
  await pair.wait(1_000);
  assert.match(down.closed ?? "", /reset/);
});

test("a node that lost power tells nobody; its peer learns of it from a reset once the machine answers again", async () => {
  const pair = new Pair();
  const { up, down } = await pair.link();
  pair.gateway.end();
  pair.net.ended(pair.gateway, "power");
  await pair.wait(60_000);
  assert.equal(down.closed, undefined);
  down.connection.send(Uint8Array.of(1));
  await pair.wait(1_000);
  assert.equal(down.closed, undefined);
  pair.net.poweredOn("gateway-1");
  await pair.wait(5_000);
  assert.match(down.closed ?? "", /reset/);
  assert.deepEqual([up.frames, up.closed], [[], undefined], "the dead learn nothing");
});

test("a process that died is reset by its own system at once", async () => {
  const pair = new Pair();
  const { down } = await pair.link();
  pair.gateway.end();
  pair.net.ended(pair.gateway, "process");
  await pair.wait(1_000);
  assert.match(down.closed ?? "", /reset/);
});

test("connecting over a cut fails at once or hangs until its time-out, by chance", async () => {
  const pair = new Pair();
  await pair.link();
  pair.net.cutOneWay("edge-1", "gateway-1");
  const tookMs: number[] = [];
  for (let index = 0; index < 20; index++) {
    const beganMs = pair.world.nowMs;
    await pair.world.drive(assert.rejects(pair.gatewayNet.connect("edge-1:7401"), { code: "HOLON_LINK_UNREACHABLE", message: /edge-1:7401/ }));
    tookMs.push(pair.world.nowMs - beganMs);
  }
  assert.ok(tookMs.some((ms) => ms < 100) && tookMs.some((ms) => ms >= 10_000));
});

test("a listener is gone with its node, and its address is free for the next", async () => {
  const pair = new Pair();
  await pair.link();
  pair.edge.end();
  pair.net.ended(pair.edge, "power");
  const next = pair.net.portFor(new Incarnation(pair.world, pair.edge.identity));
  await pair.world.drive(next.listen("edge-1:7401", () => {}));
});

test("the tap sees the plaintext of each frame", async () => {
  const pair = new Pair();
  const { up } = await pair.link();
  const tapped: string[] = [];
  pair.net.tap = ({ from, to, frame }) => void tapped.push(`${from} ${to} ${frame.join()}`);
  up.connection.send(Uint8Array.of(7, 8));
  assert.deepEqual(tapped, ["gateway-1 edge-1 7,8"]);
});

test("of a frame that is on a slow line, what has come so far is seen at the other end", async () => {
  const pair = new Pair({ ...localLine, bytesPerMs: 1 });
  const { up, down } = await pair.link();
  const before = down.connection.traffic().receivedBytes;
  up.connection.send(new Uint8Array(100_000));
  await pair.wait(50_000);
  const half = down.connection.traffic().receivedBytes - before;
  assert.ok(half > 49_000 && half < 51_000, `${half}`);
  pair.net.cut("gateway-1", "edge-1");
  assert.equal(down.connection.traffic().receivedBytes, before);
  pair.net.heal("gateway-1", "edge-1");
  await pair.wait(60_000);
  assert.equal(down.frames.length, 1);
  assert.ok(down.connection.traffic().receivedBytes - before >= 100_000);
});

test("a net in disorder brings frames twice and late, until it is healed", async () => {
  const pair = new Pair({ ...localLine, bytesPerMs: 1_000 });
  const { up, down } = await pair.link();
  Object.assign(pair.net.disorder, { duplicateChance: 0.3, lateChance: 0.3 });
  for (let index = 0; index < 100; index++) up.connection.send(Uint8Array.of(index));
  await pair.wait(10_000);
  assert.equal(new Set(down.frames).size, 100, "nothing is lost");
  assert.ok(down.frames.length > 110, "some came twice");
  assert.ok(down.frames.some((frame, index) => frame < (down.frames[index - 1] ?? 0)), "some came late");
  pair.net.healAll();
  down.frames.length = 0;
  for (let index = 0; index < 100; index++) up.connection.send(Uint8Array.of(index));
  await pair.wait(10_000);
  assert.deepEqual(down.frames, Array.from({ length: 100 }, (_, index) => index));
});
