/**
 * Peers that lie. A child of the edge, with a name of its own, sends everything that no honest child would; and for a while the edge's link
 * tells its children marks, wishes and refusals that nobody meant. The honest nodes neither fall over nor lose, double or swap anything.
 *
 * What a liar can do all the same: a child can fill its own lanes with what it likes, and name any node below itself as their origin, since
 * runs are not signed; a parent can keep what it was given to itself, and can make a child let go of records early by calling them safe.
 */
import { assert } from "@holon/core/errors.ts";
import { decodeFrame, encodeFrame, type Frame, type FrameInput } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Lane } from "@holon/core/log/log.ts";
import type { Connection, Ports } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { isBlobHash, isNodeName, type BlobHash } from "@holon/core/units.ts";
import { openLog, type SegmentLog } from "@holon/node/log/segment-log.ts";
import type { Fleet } from "../fleet.ts";
import { SeededRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { SimSubject } from "../subject.ts";
import { cutForAWhile, repeat } from "./faults.ts";

const liar = "liar";
/** Whether the edge's link lies, by world. */
const lying = new WeakMap<Fleet, Lie>();

interface Lie {
  now: boolean;
  told: number;
  /** Blobs that the edge waited for at a time, at most. */
  wantedMax: number;
}

/** What the honest children of the edge may want beside the liar: one blob each, and the edge's own. */
const honestWants = 8;

export const lyingPeer: Scenario = {
  name: "lying-peer",
  about: "A child sends rubbish, wrong hashes, gaps, repeats and reversals; a parent marks what it does not have and refuses what it should take.",
  pains: ["wasmCloud OTP #363"],
  convergeMsMax: 300_000,
  safetyMs: (world) => world.random.fork("safety").integer(40_000, 90_000),
  build: (fleet) => {
    const random = fleet.world.random.fork("topology");
    const lie: Lie = { now: false, told: 0, wantedMax: 0 };
    lying.set(fleet, lie);
    const tongue = random.fork("tongue");
    fleet.add({ name: "cloud", tier: "cloud" });
    fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", wrap: (ports) => ({ ...ports, net: lyingNet(ports, tongue, lie) }) });
    fleet.add({ name: liar, tier: "gateway", parent: "edge-1", act: (ports) => actLiar(ports, random.fork("liar"), lie) });
    for (let index = random.integer(1, 2); index > 0; index--) {
      const devices = { readingsPerSecond: random.between(1, 8), burstChance: 0.05, burstMax: 40, markerEvery: 5 };
      fleet.add({ name: `gateway-${index}`, tier: "gateway", parent: "edge-1", devices });
    }
  },
  plan: (fleet, untilMs) => {
    const { world } = fleet;
    const lie = lying.get(fleet);
    assert(lie !== undefined, "the scenario has built this fleet");
    const random = world.random.fork("faults");
    repeat(world, random.fork("look"), 500, untilMs, () => {
      lie.wantedMax = Math.max(lie.wantedMax, fleet.members.get("edge-1")?.machine.subject?.status?.().blobsWanted ?? 0);
    });
    whenAllTakeIn(fleet, () => {
      for (const { machine, parent } of fleet.honest) {
        const cuts = random.fork(`cuts/${machine.name}`);
        if (parent !== undefined) repeat(world, cuts, 15_000, untilMs, () => cutForAWhile(fleet, cuts, machine.name, parent, untilMs));
      }
      lie.now = world.nowMs < untilMs;
    });
    world.at(untilMs, () => {
      lie.now = false;
      // Every link to it is made anew, and asks it for the truth.
      fleet.members.get("edge-1")?.machine.crash("process", 100);
      fleet.members.get(liar)?.machine.crash("process");
    });
  },
  findings: (fleet) => ({ violations: [], figures: { blobsWantedMax: lying.get(fleet)?.wantedMax ?? 0 } }),
  check: (fleet) => {
    const { told, wantedMax } = lying.get(fleet) ?? { told: 0, wantedMax: 0 };
    const wantedBound = limits.blobWantsOfPeerMax + honestWants;
    return Promise.resolve([
      ...(told < 20 ? ["hardly a lie was told: the run proves nothing"] : []),
      ...(wantedMax > wantedBound ? [`the edge waited for ${wantedMax} blobs, more than one child may make it wait for (${wantedBound})`] : []),
    ]);
  },
};

/** Before every honest gateway takes readings in there is nothing to lose. */
function whenAllTakeIn(fleet: Fleet, act: () => void): void {
  const gateways = fleet.honest.filter(({ config }) => config.tier === "gateway");
  const takesIn = gateways.every(({ machine }) => [...machine.devices.ledgers.values()].some(({ acknowledged }) => acknowledged.count > 0));
  if (takesIn) act();
  else fleet.world.after(500, () => whenAllTakeIn(fleet, act));
}

/** The net of a parent whose words to its children are twisted, as long as `lie.now`. */
function lyingNet({ net, codec }: Ports, random: SeededRandom, lie: Lie): Ports["net"] {
  const twistedSend = (connection: Connection, bytes: Uint8Array): void => {
    if (!lie.now || !random.chance(0.3)) return connection.send(bytes);
    lie.told += 1;
    for (const frame of twist(decodeFrame(bytes, codec), random)) connection.send(frame instanceof Uint8Array ? frame : encodeFrame(frame, codec));
  };
  return {
    connect: (address) => net.connect(address),
    listen: (address, accepted) =>
      net.listen(address, (connection) =>
        accepted({
          peer: connection.peer,
          send: (bytes) => twistedSend(connection, bytes),
          queuedBytes: () => connection.queuedBytes(),
          traffic: () => connection.traffic(),
          receive: (handlers) => connection.receive(handlers),
          close: (reason) => connection.close(reason),
        }),
      ),
  };
}

/** What is sent instead of one frame: another, several, rubbish, or nothing. */
function twist(frame: Frame, random: SeededRandom): readonly (FrameInput | Uint8Array)[] {
  if (random.chance(0.1)) return [];
  if (random.chance(0.1)) return [random.bytes(random.integer(0, 200)), frame];
  if (frame.kind === "desired") return [{ ...frame, payload: random.bytes(40) }];
  if (frame.kind === "blob" && frame.header.op === "chunk") return [{ ...frame, payload: random.bytes(frame.payload.length) }];
  if (frame.kind !== "stream") return [frame, frame];
  const by = random.integer(-3, 50);
  const { header } = frame;
  if (header.op === "mark") {
    const lanes = header.lanes.map(([name, received, safe]): [string, number, number] => [name, Math.max(0, received + by), Math.max(0, safe + by)]);
    return [{ kind: "stream", header: { op: "mark", lanes } }];
  }
  if (header.op === "subscribe") {
    const lanes = header.lanes.map(([name, sequence, hash]): [string, number, string] => [name, Math.max(0, sequence + by), hash]);
    return [{ kind: "stream", header: { op: "subscribe", lanes } }];
  }
  return [frame, { kind: "stream", header: { op: "refuse", lane: "gateway-1/data", code: "HOLON_LINK_FORK", message: "a lie" } }];
}

/** A child that is enrolled under its own name, and sends whatever it can think of. */
async function actLiar(ports: Ports, random: SeededRandom, lie: Lie): Promise<SimSubject> {
  assert(isNodeName(liar), `${liar} is a node name`);
  const opened = (stream: Lane["stream"]) => ({ stream, class: "public" as const, bytes: new TextEncoder().encode("{}") });
  const log = await openLog({ origin: liar, disk: ports.disk, clock: ports.clock, random: ports.random, integrity: { sha256: ports.crypto.sha256, crc32: ports.codec.crc32 }, opened });
  let closed = false;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void ports.clock.after(ms, resolve));
  const live = async (): Promise<void> => {
    while (!closed) {
      const connection = await ports.net.connect("wss://edge-1:7401").catch(() => undefined); // not to be reached now: it tries again
      if (connection !== undefined) await pester(connection, log, ports, random, lie, pause);
      await pause(random.between(50, 2_000));
    }
  };
  void live();
  return {
    log,
    async close() {
      closed = true;
      await log.close();
    },
  };
}

async function pester(connection: Connection, log: SegmentLog, ports: Ports, random: SeededRandom, lie: Lie, pause: (ms: number) => Promise<void>): Promise<void> {
  let open = true;
  connection.receive({ frame: () => undefined, closed: () => (open = false) });
  const lanes = exportableStreams.map((stream): [string, number] => [`${liar}/${stream}`, random.integer(0, 1e6)]);
  const offer: FrameInput = { kind: "stream", header: { op: "offer", protocol: 1, node: liar, site: "site", tier: "gateway", lanes, desired: [[liar, 7]] } };
  if (random.chance(0.9)) connection.send(encodeFrame(offer, ports.codec));
  while (open) {
    await log.append({ records: [{ stream: random.pick(["data", "alarm", "local"]), class: "derived", bytes: random.bytes(random.integer(0, 300)) }] });
    for (const frame of await chooseLie(log, random)) {
      if (!open) return;
      lie.told += 1;
      connection.send(frame instanceof Uint8Array ? frame : encodeFrame(frame, ports.codec));
    }
    if (random.chance(0.05)) return connection.close("bored");
    await pause(random.between(10, 500));
  }
}

async function chooseLie(log: SegmentLog, random: SeededRandom): Promise<readonly (FrameInput | Uint8Array)[]> {
  const stream = random.pick(["data", "alarm", "local"] as const);
  const records = (payload: Uint8Array): FrameInput => ({ kind: "stream", header: { op: "records" }, payload });
  const runs = (await log.readRuns({ origin: log.origin, stream }, random.integer(1, 40), 1 << 20)).map(({ bytes }) => bytes.slice());
  const [first, second] = runs;
  switch (random.integer(0, 13)) {
    case 0:
      return [random.bytes(random.integer(0, 5_000))];
    case 1:
      return [records(random.bytes(random.integer(0, 5_000)))];
    case 2:
      if (first !== undefined) first[random.integer(0, first.length - 1)] = random.integer(0, 255);
      return first === undefined ? [] : [records(first)];
    case 3:
      return second === undefined ? [] : [records(second)];
    case 4:
      return first === undefined ? [] : [records(first), records(first), records(first)];
    case 5:
      return first === undefined || second === undefined ? [] : [records(together(second, first))];
    case 6:
      return first === undefined ? [] : [records(first.subarray(0, random.integer(0, first.length)))];
    case 7:
      return [{ kind: "stream", header: { op: "offer", protocol: 1, node: "gateway-1", site: "site", tier: "gateway", lanes: [["gateway-1/data", 9]], desired: [] } }];
    case 8:
      return [{ kind: "stream", header: { op: "mark", lanes: [["edge-1/audit", 1e9, 1e9]] } }];
    case 9:
      return [{ kind: "call", header: { op: "request", id: 1, to: random.pick(["edge-1", "cloud", "nobody"]), method: "no.such", deadlineMs: 1e3 }, payload: random.bytes(10) }];
    case 10:
      return [{ kind: "call", header: { op: "answer", id: random.integer(0, 50), ok: random.chance(0.5) }, payload: random.bytes(10) }];
    case 11:
      return Array.from({ length: 100 }, () => ({ kind: "blob", header: { op: "want", hash: anyHash(random), offset: 0 } }));
    case 12:
      return [
        { kind: "blob", header: { op: "missing", hash: anyHash(random) } },
        { kind: "blob", header: { op: "later", hash: anyHash(random), code: "HOLON_BLOB_BUSY", retryAfterMs: 1e9 } },
      ];
    default: {
      const hash = "0".repeat(64);
      assert(isBlobHash(hash), "64 digits name a blob");
      return [{ kind: "blob", header: { op: "want", hash, offset: 1e12 } }, { kind: "blob", header: { op: "chunk", hash, offset: 0, sizeBytes: 3 }, payload: random.bytes(3) }];
    }
  }
}

function anyHash(random: SeededRandom): BlobHash {
  const hash = toHex(random.bytes(32));
  assert(isBlobHash(hash), "32 bytes name a blob");
  return hash;
}

function together(one: Uint8Array, two: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + two.length);
  bytes.set(one);
  bytes.set(two, one.length);
  return bytes;
}
