/** A fleet with an enrolled node that has turned against it: mallory, below an edge like her honest neighbours, with a certificate of her own and no program of ours. */
import { encodeStoredEvent, parseStoredEvent } from "@holon/core/event/stored.ts";
import { decodeFrame, encodeFrame, type Frame, type FrameInput } from "@holon/core/link/frame.ts";
import type { Lane, NewRecord } from "@holon/core/log/log.ts";
import type { Connection, Ports } from "@holon/core/ports.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import { openLog, type SegmentLog } from "@holon/node/log/segment-log.ts";
import { createCodec } from "../codec.ts";
import { Fleet, type Machine } from "../fleet.ts";
import { holonProgram } from "../programs/program.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";
import { World } from "../world.ts";
import { nodeName } from "./lone-node.ts";

const day = 86_400_000;
const codec = createCodec();
const encoder = new TextEncoder();
export const mallory = "mallory";

/** One of her connections. */
export interface Door {
  readonly heard: readonly Frame[];
  /** Why the other end closed it. */
  closed(): string | undefined;
  send(frame: FrameInput): void;
}

export class Raid {
  readonly world: World;
  readonly fleet: Fleet;
  /** What nodes say beside their logs. */
  readonly notes: { readonly node: string; readonly text: string }[] = [];
  #ports: Ports | undefined;
  #calls = 0;

  static async start(seed = 11): Promise<Raid> {
    const raid = new Raid(seed, await holonProgram());
    await raid.fleet.bringUp();
    await raid.until("all are linked", () => ["edge-1", "gateway-1", "gateway-2", "gateway-3"].every((name) => raid.status(name).uplink?.state === "open"));
    return raid;
  }

  private constructor(seed: number, { boot, sandbox, prepare }: SubjectProgram) {
    this.world = new World(seed);
    this.fleet = new Fleet(this.world, { boot, sandbox, ...(prepare === undefined ? {} : { prepare }) }, { certificateMs: 30 * day, listener: ({ node, message }) => void this.notes.push({ node, text: message }) });
    this.fleet.add({ name: "cloud", tier: "cloud" });
    for (const edge of ["edge-1", "edge-2"]) this.fleet.add({ name: edge, tier: "edge", parent: "cloud" });
    const site = ["gateway-1", "gateway-2", "gateway-3"];
    for (const name of site) this.fleet.add({ name, tier: "gateway", parent: "edge-1", siblings: site.filter((other) => other !== name) });
    this.fleet.add({ name: "far-1", tier: "gateway", parent: "edge-2" });
    this.fleet.add({ name: mallory, tier: "gateway", parent: "edge-1", act: (ports) => this.#turn(ports) });
  }

  async #turn(ports: Ports): Promise<SimSubject> {
    this.#ports = ports;
    const log = await this.#logOf(mallory, ports);
    return { log, close: () => log.close() };
  }

  /** A log under any name: what is signed by nothing can be written by anybody. */
  #logOf(origin: string, { disk, clock, random, crypto }: Ports): Promise<SegmentLog> {
    const opened = (stream: Lane["stream"]) => ({ stream, class: "public" as const, bytes: encoder.encode("{}") });
    return openLog({ origin: nodeName(origin), disk, clock, random, integrity: { sha256: crypto.sha256, crc32: codec.crc32 }, opened });
  }

  get ports(): Ports {
    if (this.#ports === undefined) throw new Error("mallory is not up");
    return this.#ports;
  }

  /** Opens a link as any node may, and says who it is as she likes. */
  async dial(address: string, offer: { readonly node?: string; readonly site?: string; readonly lanes?: readonly string[]; readonly desired?: readonly string[]; readonly sibling?: "relayed" | "quiet" } = {}): Promise<Door> {
    const connection = await this.drive(this.ports.net.connect(address));
    const door = doorOf(connection);
    door.send({
      kind: "stream",
      header: {
        op: "offer", protocol: 1, node: offer.node ?? mallory, site: offer.site ?? "site", tier: "gateway",
        lanes: (offer.lanes ?? []).map((lane) => [lane, 1]), desired: (offer.desired ?? []).map((node) => [node, 0]),
        ...(offer.sibling === undefined ? {} : { sibling: offer.sibling }),
      },
    });
    return door;
  }

  /** What the other end answers to a call: the code of its refusal, or `answered`. */
  async call(door: Door, to: string, method: string, parameters: unknown): Promise<string> {
    const id = (this.#calls += 1);
    door.send({ kind: "call", header: { op: "request", id, to: nodeName(to), method, deadlineMs: 5_000 }, payload: encoder.encode(JSON.stringify(parameters)) });
    const answer = (): Frame | undefined => door.heard.find(({ kind, header }) => kind === "call" && header.op === "answer" && header.id === id);
    await this.until(`${to} answers ${method}`, () => answer() !== undefined);
    const found = answer();
    if (found?.kind !== "call" || found.header.op !== "answer" || found.header.ok) return "answered";
    const problem: unknown = JSON.parse(new TextDecoder().decode(found.payload));
    return typeof problem === "object" && problem !== null && "code" in problem ? String(problem.code) : "no code";
  }

  /** Runs of a history that she made up for another node. */
  async forge(origin: string, stream: Lane["stream"], ...events: readonly { readonly type: string; readonly data: unknown }[]): Promise<Uint8Array> {
    const log = await this.drive(this.#logOf(origin, { ...this.ports, disk: underFolder(this.ports.disk, `forged-${(this.#calls += 1)}`) }));
    await this.drive(log.append({ records: events.map((event) => recordOf(origin, stream, event)) }));
    const runs = await this.drive(log.readRuns({ origin: nodeName(origin), stream }, 1, 1 << 20));
    await this.drive(log.close());
    return joined(runs.map((run) => run.bytes.slice()));
  }

  /** An honest node writes an event of its own. */
  async say(name: string, stream: Lane["stream"], event: { readonly type: string; readonly data: unknown }): Promise<void> {
    await this.drive(this.subject(name).log.append({ records: [recordOf(name, stream, event)] }));
  }

  /** Data of the node's own events of a type, in its audit and alarm streams. */
  async told(name: string, type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { log } = this.subject(name);
    const found: Readonly<Record<string, unknown>>[] = [];
    for (const stream of ["audit", "alarm"] as const) {
      const records = await this.drive(log.read({ origin: log.origin, stream }, 1, { maxRecords: 10_000, maxBytes: 8 << 20 }));
      for (const record of records) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === type && typeof event.data === "object" && event.data !== null) found.push({ ...event.data });
      }
    }
    return found;
  }

  /** The denial of mallory in a node's own trail, by its code. */
  async denial(name: string, code: string, looksMax = 50): Promise<Readonly<Record<string, unknown>>> {
    for (let looks = 0; looks < looksMax; looks++) {
      const found = (await this.told(name, "holon.link.refused")).find((data) => data["code"] === code && data["proved"] === mallory);
      if (found !== undefined) return found;
      await this.pass(100);
    }
    throw new Error(`${name} tells of no ${code}: ${JSON.stringify(await this.told(name, "holon.link.refused"))}`);
  }

  subject(name: string): SimSubject {
    const { subject } = this.machine(name);
    if (subject === undefined) throw new Error(`${name} is down`);
    return subject;
  }

  machine(name: string): Machine {
    const machine = this.fleet.members.get(name)?.machine;
    if (machine === undefined) throw new Error(`there is no ${name}`);
    return machine;
  }

  status(name: string): NodeStatus {
    const status = this.subject(name).status?.();
    if (status === undefined) throw new Error(`${name} has no status`);
    return status;
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.world.drive(work);
  }

  async until(what: string, condition: () => boolean, boundMs = 120_000): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + boundMs });
    if (!condition()) throw new Error(`never came true: ${what}`);
  }

  async pass(ms: number): Promise<void> {
    await this.world.run({ timeMs: this.world.nowMs + ms });
  }
}

function doorOf(connection: Connection): Door {
  const heard: Frame[] = [];
  let why: string | undefined;
  connection.receive({ frame: (bytes) => void heard.push(decodeFrame(bytes, codec)), closed: (reason) => (why = reason) });
  return { heard, closed: () => why, send: (frame) => connection.send(encodeFrame(frame, codec)) };
}

function recordOf(origin: string, stream: Lane["stream"], event: { readonly type: string; readonly data: unknown }): NewRecord {
  const time = "2026-01-01T00:00:00.000Z";
  return { stream, class: "public", bytes: encodeStoredEvent({ ...event, source: `/${origin}/raid`, time, recordedtime: time, clock: "unknown", class: "public", jurisdiction: "EU/DE" }) };
}

function underFolder(disk: Ports["disk"], folder: string): Ports["disk"] {
  const at = (path: string): string => (path === "" ? folder : `${folder}/${path}`);
  return {
    ...disk,
    open: (path, options) => disk.open(at(path), options),
    rename: (from, to) => disk.rename(at(from), at(to)),
    remove: (path) => disk.remove(at(path)),
    list: (path) => disk.list(at(path)),
    makeFolder: (path) => disk.makeFolder(folder).then(() => disk.makeFolder(at(path))),
    syncFolder: (path) => disk.syncFolder(at(path)),
  };
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
