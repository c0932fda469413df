/**
 * A deliberately small node, to try the simulator and its checkers on: one file of lines for the log, JSON over the link, one batch
 * under way at a time. Each of its bugs can be switched on, and the checkers must see it.
 */
import { createHash, randomUUID } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { laneName, type Append, type Lane, type Log, type LogRecord, type Mark } from "@holon/core/log/log.ts";
import type { Connection, DiskFile, Ports, Reading } from "@holon/core/ports.ts";
import { hostSourceSchema, replaySourceSchema } from "@holon/core/schema/app.ts";
import { exportableStreams, type StreamName } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { epochFromChance, isNodeName, type Epoch, type NodeName } from "@holon/core/units.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";

export interface NaiveBugs {
  /** Acknowledges what is not on disk yet. */
  readonly acknowledgesEarly?: boolean;
  /** Takes what was sent for delivered and never sends it again. */
  readonly forgetsUnconfirmed?: boolean;
  /** The cloud applies a batch whether it has it already or not. */
  readonly appliesTwice?: boolean;
  /** The parent stores a batch backwards now and then. */
  readonly swapsBatches?: boolean;
  /** The readings themselves leave the site. */
  readonly leaksRaw?: boolean;
  /** Draws ids from outside the seed. */
  readonly usesRealChance?: boolean;
  /** Throws in a timer. */
  readonly throwsLate?: boolean;
}

export const naiveProgram = (bugs: NaiveBugs = {}, sourceKind: "replay" | "host" = "replay"): SubjectProgram => ({
  boot: async (config, ports) => {
    const node = new NaiveNode(config, ports, bugs);
    await node.open(sourceKind);
    return node;
  },
  sandbox: () => ({
    model: { load: () => Promise.reject(new HolonError("HOLON_MODEL_UNSUPPORTED", "the naive node runs no models")) },
    runner: { start: () => Promise.reject(new HolonError("HOLON_UNIT_BAD", "the naive node runs no functions")) },
  }),
});

interface Stored {
  readonly origin: NodeName;
  readonly epoch: Epoch;
  readonly stream: StreamName;
  readonly sequence: number;
  readonly text: string;
}

interface Line {
  readonly records: readonly Stored[];
  readonly cells: readonly { readonly key: string; readonly value: string | null }[];
}

type Message = { readonly hello: true } | { readonly marks: Readonly<Record<string, number>> } | { readonly records: readonly Stored[] } | { readonly ping: true };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

class NaiveLog implements Log {
  readonly origin: NodeName;
  readonly epoch: Epoch;
  readonly #ports: Ports;
  readonly #bugs: NaiveBugs;
  readonly #lanes = new Map<string, { lane: Lane; mark: Mark; records: Stored[] }>();
  readonly #cells = new Map<string, string>();
  readonly #listeners = new Set<Parameters<Log["onCommit"]>[0]>();
  #file: DiskFile | undefined;
  #size = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(origin: NodeName, ports: Ports, bugs: NaiveBugs) {
    this.origin = origin;
    this.#ports = ports;
    this.#bugs = bugs;
    this.epoch = epochFromChance(ports.random.bytes(13));
  }

  async open(): Promise<void> {
    const file = await this.#ports.disk.open("log", { create: true });
    await this.#ports.disk.syncFolder("");
    this.#file = file;
    const bytes = await file.read(0, file.size());
    for (;;) {
      const end = bytes.indexOf(10, this.#size);
      const line = end === -1 ? undefined : this.#parse(decoder.decode(bytes.subarray(this.#size, end)));
      if (line === undefined) break;
      this.#apply(line);
      this.#size = end + 1;
    }
    await file.truncate(this.#size);
    await file.sync();
  }

  append({ records = [], cells = [] }: Append): Promise<readonly number[]> {
    return this.#inTurn(async () => {
      const stored: Stored[] = [];
      for (const { stream, bytes } of records) {
        const earlier = stored.filter((record) => record.stream === stream).length;
        const sequence = (this.head({ origin: this.origin, stream })?.sequence ?? 0) + earlier + 1;
        stored.push({ origin: this.origin, epoch: this.epoch, stream, sequence, text: decoder.decode(bytes) });
      }
      await this.#commit({ records: stored, cells: cells.map(({ key, value }) => ({ key, value: value === null ? null : decoder.decode(value) })) });
      return stored.map(({ sequence }) => sequence);
    });
  }

  /** A child's records, each once unless a bug says otherwise. */
  merge(records: readonly Stored[]): Promise<void> {
    return this.#inTurn(async () => {
      const isNew = ({ origin, stream, sequence }: Stored): boolean => sequence > (this.head({ origin, stream })?.sequence ?? 0);
      const taken = this.#bugs.appliesTwice === true && this.origin === "cloud" ? records : records.filter(isNew);
      if (taken.length > 0) await this.#commit({ records: this.#bugs.swapsBatches === true && taken.length > 2 ? taken.toReversed() : taken, cells: [] });
    });
  }

  heads(): ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }> {
    return this.#lanes;
  }

  head(lane: Lane): Mark | undefined {
    return this.#lanes.get(laneName(lane))?.mark;
  }

  async read(lane: Lane, fromSequence: number, { maxRecords }: { readonly maxRecords: number }): Promise<readonly LogRecord[]> {
    const records = this.#lanes.get(laneName(lane))?.records ?? [];
    // By place, as the file has them: what was doubled or swapped there must be seen.
    const page = records.slice(fromSequence - 1, fromSequence - 1 + maxRecords);
    return page.map(({ text, ...name }) => ({ ...name, bytes: encoder.encode(text) }));
  }

  stored(lane: Lane, fromSequence: number, maxRecords: number): readonly Stored[] {
    const records = this.#lanes.get(laneName(lane))?.records ?? [];
    let place = fromSequence - 1;
    // Where records were doubled, the one looked for stands further on.
    while ((records[place]?.sequence ?? fromSequence) < fromSequence) place += 1;
    return records.slice(place, place + maxRecords);
  }

  cell(key: string): Uint8Array | undefined {
    const value = this.#cells.get(key);
    return value === undefined ? undefined : encoder.encode(value);
  }

  cells(prefix: string): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#cells].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key, encoder.encode(value)]));
  }

  /** Nobody asks it. */
  find(): ReturnType<Log["find"]> {
    return Promise.resolve([]);
  }

  onCommit(listener: Parameters<Log["onCommit"]>[0]): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file?.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #commit(line: Line): Promise<void> {
    const text = JSON.stringify(line);
    const bytes = encoder.encode(`${sha256(text)} ${text}\n`);
    const written = this.#file?.write(this.#size, bytes).then(() => this.#file?.sync());
    this.#size += bytes.length;
    if (this.#bugs.acknowledgesEarly !== true) await written;
    this.#apply(line);
    const lanes = [...new Map(line.records.map((record) => [laneName(record), { origin: record.origin, stream: record.stream }])).values()];
    for (const listener of this.#listeners) listener({ lanes, cells: line.cells.map(({ key }) => key) });
  }

  #apply({ records, cells }: Line): void {
    for (const record of records) {
      const name = laneName(record);
      const held = this.#lanes.get(name);
      const hash = sha256((held?.mark.hash ?? "") + record.text);
      const sequence = Math.max(held?.mark.sequence ?? 0, record.sequence);
      const all = held?.records ?? [];
      all.push(record);
      this.#lanes.set(name, { lane: { origin: record.origin, stream: record.stream }, mark: { epoch: record.epoch, sequence, hash }, records: all });
    }
    for (const { key, value } of cells) {
      if (value === null) this.#cells.delete(key);
      else this.#cells.set(key, value);
    }
  }

  #parse(line: string): Line | undefined {
    const text = line.slice(65);
    return sha256(text) === line.slice(0, 64) ? (JSON.parse(text) as Line) : undefined;
  }
}

const silenceMs = 5_000;
const retryMs = 500;

class NaiveNode implements SimSubject {
  readonly log: NaiveLog;
  readonly #config: NodeConfig;
  readonly #ports: Ports;
  readonly #bugs: NaiveBugs;
  #closers: (() => Promise<void>)[] = [];
  #wake: (() => void) | undefined;
  /** How far each lane was sent: survives a reconnect, which only the forgetful believe. */
  readonly #sent = new Map<string, number>();

  constructor(config: NodeConfig, ports: Ports, bugs: NaiveBugs) {
    if (!isNodeName(config.name)) throw new Error(`${config.name} is no node name`);
    this.#config = config;
    this.#ports = ports;
    this.#bugs = bugs;
    this.log = new NaiveLog(config.name, ports, bugs);
  }

  async open(sourceKind: "replay" | "host"): Promise<void> {
    const { listen, parent, tier } = this.#config;
    await this.log.open();
    this.log.onCommit(() => this.#wake?.());
    if (listen !== undefined) {
      const listener = await this.#ports.net.listen(listen, (connection) => this.#serve(connection));
      this.#closers.push(() => listener.close());
    }
    if (parent !== undefined) void this.#keepLinked(parent);
    if (tier === "gateway") await this.#openSource(sourceKind);
    if (this.#bugs.throwsLate === true) {
      this.#ports.clock.after(5_000, () => {
        throw new Error("a defect in a timer");
      });
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    await this.log.close();
  }

  async #openSource(kind: "replay" | "host"): Promise<void> {
    const spec =
      kind === "host"
        ? hostSourceSchema.parse({ name: "figures", kind, type: "test.reading" })
        : replaySourceSchema.parse({ name: "pump", kind, type: "test.reading", files: [{ path: "/pump.csv", subject: "pump" }], columns: { a: "pressure", b: "flow" } });
    const stored = this.log.cell("offset");
    const door = await this.#ports.door.open(spec, {
      offset: stored === undefined ? undefined : decoder.decode(stored),
      accept: async (readings, offset) => {
        const records = readings.flatMap((reading) => [this.#record("local", reading), this.#record(reading.timeMs !== undefined && reading.timeMs % 10 < 1 ? "alarm" : "data", reading)]);
        await this.log.append({ records, cells: offset === undefined ? [] : [{ key: "offset", value: encoder.encode(offset) }] });
      },
      enterProducer: () => Promise.reject(new Error("the naive node knows no producers")),
      reject: () => Promise.resolve(),
      ended: () => {},
    });
    this.#closers.push(() => door.close());
  }

  #record(stream: StreamName, { type, subject, data }: Reading) {
    const isRaw = stream === "local" || this.#bugs.leaksRaw === true;
    const dataClass = isRaw ? ("raw" as const) : ("derived" as const);
    const id = this.#bugs.usesRealChance === true ? randomUUID() : "";
    const event = { type, source: "/naive", subject, class: dataClass, data: isRaw ? data : { seen: 1, id } };
    return { stream, class: dataClass, bytes: encoder.encode(JSON.stringify(event)) };
  }

  async #keepLinked(parent: string): Promise<void> {
    for (;;) {
      try {
        await this.#feed(await this.#ports.net.connect(parent));
      } catch (error) {
        if (!(error instanceof HolonError)) throw error;
      }
      await new Promise<void>((resolve) => this.#ports.clock.after(retryMs * (1 + this.#ports.random.uniform()), resolve));
    }
  }

  /** Sends what the parent lacks, a batch at a time, until the connection ends. */
  #feed(connection: Connection): Promise<void> {
    return new Promise((ended) => {
      let marks: Record<string, number> | undefined;
      let isWaiting = true;
      let heardMs = this.#ports.clock.monotonicMs();
      const pump = (): void => {
        if (marks === undefined || isWaiting) return;
        const batch = this.#nextBatch(marks);
        if (batch.length === 0) return;
        isWaiting = true;
        sendMessage(connection, { records: batch });
      };
      const watch = (): void => {
        if (this.#ports.clock.monotonicMs() - heardMs > silenceMs) return connection.close("silence");
        sendMessage(connection, { ping: true });
        this.#ports.clock.after(1_000, watch);
      };
      connection.receive({
        frame: (bytes) => {
          const message = parseMessage(bytes);
          heardMs = this.#ports.clock.monotonicMs();
          if (!("marks" in message)) return;
          marks = { ...message.marks };
          isWaiting = false;
          pump();
        },
        closed: () => {
          this.#wake = undefined;
          ended();
        },
      });
      this.#wake = pump;
      sendMessage(connection, { hello: true });
      this.#ports.clock.after(1_000, watch);
    });
  }

  #nextBatch(marks: Readonly<Record<string, number>>): readonly Stored[] {
    for (const { lane } of this.log.heads().values()) {
      if (!exportableStreams.some((stream) => stream === lane.stream)) continue;
      const name = laneName(lane);
      const from = this.#bugs.forgetsUnconfirmed === true ? (this.#sent.get(name) ?? marks[name] ?? 0) : (marks[name] ?? 0);
      const batch = this.log.stored(lane, from + 1, 50);
      if (batch.length === 0) continue;
      this.#sent.set(name, from + batch.length);
      return batch;
    }
    return [];
  }

  #serve(connection: Connection): void {
    const answer = (): void => {
      const marks: Record<string, number> = {};
      for (const [name, { mark }] of this.log.heads()) marks[name] = mark.sequence;
      sendMessage(connection, { marks });
    };
    connection.receive({
      frame: (bytes) => {
        const message = parseMessage(bytes);
        if ("records" in message) void this.log.merge(message.records).then(answer);
        else answer();
      },
      closed: () => {},
    });
  }
}

const sendMessage = (connection: Connection, message: Message): void => connection.send(encoder.encode(JSON.stringify(message)));
const parseMessage = (bytes: Uint8Array): Message => JSON.parse(decoder.decode(bytes)) as Message;

