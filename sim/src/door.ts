/** The devices around a node, and the door through which their readings come in. */
import { createBatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { isErrorCode, type ErrorCode, HolonError } from "@holon/core/errors.ts";
import type { Door, DoorSink, OpenDoor, ProducerSession, Reading } from "@holon/core/ports.ts";
import type { SourceSpec } from "@holon/core/schema/app.ts";
import { RangeSet } from "./checkers/ranges.ts";
import { markerPrefix } from "./checkers/raw-stays.ts";
import { worldBeginsMs } from "./clock.ts";
import type { Incarnation } from "./incarnation.ts";
import type { SeededRandom } from "./random.ts";

/** How the devices of a node behave. */
export interface DeviceHabits {
  readonly readingsPerSecond: number;
  /** Probability that a reading is a burst instead, of up to `burstMax` readings in one message. */
  readonly burstChance: number;
  readonly burstMax: number;
  /** One reading in so many carries a planted marker; 0 for none. */
  readonly markerEvery: number;
}

export const calmDevices: DeviceHabits = { readingsPerSecond: 10, burstChance: 0.05, burstMax: 40, markerEvery: 7 };

/** What a source, outside the node, knows of its own readings. They are numbered from 0. */
export interface SourceLedger {
  /** `node/source`. */
  readonly source: string;
  readonly kind: SourceSpec["kind"];
  /** Readings whose acceptance was confirmed to the device. */
  readonly acknowledged: RangeSet;
  /** Readings made so far. */
  made: number;
  /** Refusals by code; a refused reading is offered again. */
  readonly refused: Map<ErrorCode, number>;
}

/** The devices of one node: they live on while the node is down. */
export class Devices {
  readonly node: string;
  readonly habits: DeviceHabits;
  readonly random: SeededRandom;
  readonly ledgers = new Map<string, SourceLedger>();
  /** Incarnations of the node that were offered readings and have not answered. */
  readonly #waiting = new Set<Incarnation>();
  #isQuiet = false;

  constructor(node: string, random: SeededRandom, habits: DeviceHabits = calmDevices) {
    this.node = node;
    this.random = random;
    this.habits = habits;
  }

  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Whether the node, as it lives now, still owes an answer. */
  get isWaiting(): boolean {
    for (const incarnation of this.#waiting) if (!incarnation.alive) this.#waiting.delete(incarnation);
    return this.#waiting.size > 0;
  }

  offered(incarnation: Incarnation): void {
    this.#waiting.add(incarnation);
  }

  answered(incarnation: Incarnation): void {
    this.#waiting.delete(incarnation);
  }

  /** No new readings from now on. */
  quieten(): void {
    this.#isQuiet = true;
  }

  ledgerOf(spec: SourceSpec): SourceLedger {
    const existing = this.ledgers.get(spec.name);
    if (existing !== undefined) return existing;
    const ledger: SourceLedger = { source: `${this.node}/${spec.name}`, kind: spec.kind, acknowledged: new RangeSet(), made: 0, refused: new Map() };
    this.ledgers.set(spec.name, ledger);
    return ledger;
  }
}

/** The number of a reading, from a stored event's data; undefined where the event is none of these readings. */
export function readingNumber(ledger: SourceLedger, data: unknown): number | undefined {
  if (typeof data !== "object" || data === null || !("reading" in data) || typeof data.reading !== "string") return undefined;
  const slash = data.reading.lastIndexOf("/");
  return data.reading.slice(0, slash) === ledger.source ? Number(data.reading.slice(slash + 1)) : undefined;
}

/**
 * The door port of one incarnation. It plays every kind of source after its manner: a file goes on at the stored offset, an MQTT
 * device sends again what was not confirmed, host figures that nobody took are gone, a producer goes on behind what it is told is stored.
 */
export function createDoor(incarnation: Incarnation, devices: Devices): Door {
  return {
    open: (spec, sink) => {
      const source = new OpenSource(incarnation, devices, spec, sink);
      source.waitForNext();
      return Promise.resolve(source);
    },
  };
}

class OpenSource implements OpenDoor {
  readonly address = undefined;
  readonly #incarnation: Incarnation;
  readonly #devices: Devices;
  readonly #spec: SourceSpec;
  readonly #sink: DoorSink;
  readonly #ledger: SourceLedger;
  #next: number;
  #isOpen = true;
  /** Of a producer that was let in. */
  #session: ProducerSession | undefined;

  constructor(incarnation: Incarnation, devices: Devices, spec: SourceSpec, sink: DoorSink) {
    this.#incarnation = incarnation;
    this.#devices = devices;
    this.#spec = spec;
    this.#sink = sink;
    this.#ledger = devices.ledgerOf(spec);
    this.#next = firstReading(spec, sink, this.#ledger);
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return Promise.resolve();
  }

  waitForNext(): void {
    const { random, habits } = this.#devices;
    const rarer = this.#spec.kind === "bulk" ? batchesRarer : 1;
    this.#incarnation.world.after(random.exponential((rarer * 1000) / habits.readingsPerSecond), () => this.#offer());
  }

  /** What the node is given: readings, or of a producer frames of one batch each, on their way together. */
  async #hand(readings: readonly Reading[], first: number): Promise<void> {
    if (this.#spec.kind !== "bulk") return this.#sink.accept(readings, String(first + readings.length));
    const session = this.#session;
    const half = readings.length >> 1;
    const parts = [readings.slice(0, half), readings.slice(half)].filter((part) => part.length > 0);
    const told = await Promise.all(parts.map((part, index) => session?.accept(frameOf(part, first + 1 + (index === 0 ? 0 : half)))));
    if (Math.max(...told.map((through) => through ?? 0)) < first + readings.length) throw new Error(`a producer sent ${first + readings.length} events and was told that ${told.join(", ")} are stored`);
  }

  #enter(): Promise<ProducerSession> {
    return this.#sink.enterProducer("device", this.#session?.epoch, () => (this.#session = undefined));
  }

  #offer(): void {
    const { random, habits, isQuiet } = this.#devices;
    if (!this.#isOpen || isQuiet || !this.#incarnation.alive) return;
    if (this.#incarnation.isFrozen) return this.#incarnation.reach(() => this.#offer());
    const isProducer = this.#spec.kind === "bulk";
    if (isProducer && this.#session === undefined) return this.#begin();
    const count = isProducer ? random.integer(1, batchMax) : random.chance(habits.burstChance) ? random.integer(2, habits.burstMax) : 1;
    const first = this.#next;
    const end = first + count;
    const readings: Reading[] = [];
    for (let number = first; number < end; number++) readings.push(makeReading(this.#ledger, this.#spec, number, habits.markerEvery, this.#incarnation.world.nowMs));
    this.#ledger.made = Math.max(this.#ledger.made, end);
    const index = this.#incarnation.enter("door.accept", count);
    if (index === 0) return;
    this.#devices.offered(this.#incarnation);
    this.#hand(readings, first).then(
      () => {
        this.#devices.answered(this.#incarnation);
        if (!this.#incarnation.leave(index, "door.accept")) return;
        this.#ledger.acknowledged.add(first, end - 1);
        this.#incarnation.world.note(this.#incarnation.identity.number, "door.accepted", end);
        this.#next = end;
        this.waitForNext();
      },
      (error: unknown) => this.#refused(error),
    );
  }

  /** A producer is told how far its events are stored, and goes on behind that. */
  #begin(): void {
    const index = this.#incarnation.enter("door.enter", 0);
    if (index === 0) return;
    this.#devices.offered(this.#incarnation);
    this.#enter().then(
      (session) => {
        this.#devices.answered(this.#incarnation);
        if (!this.#incarnation.leave(index, "door.enter")) return;
        this.#session = session;
        this.#next = session.sequence; // readings are numbered from 0, a producer's events from 1
        this.#offer();
      },
      (error: unknown) => this.#refused(error),
    );
  }

  /** A refusal with a code is offered again later; anything else is a defect of the node and ends the run. */
  #refused(error: unknown): void {
    this.#devices.answered(this.#incarnation);
    this.#session = undefined; // after a refusal it takes no more
    if (!this.#incarnation.alive || !this.#isOpen) return;
    if (!(error instanceof HolonError) || !isErrorCode(error.code)) throw error;
    this.#ledger.refused.set(error.code, (this.#ledger.refused.get(error.code) ?? 0) + 1);
    if (error.code !== "HOLON_LOG_CLOSED") this.#incarnation.world.after(1000, () => this.#offer());
  }
}

/** A producer speaks more rarely than a device, of more. */
const batchesRarer = 20;
const batchMax = 12;

function frameOf(readings: readonly Reading[], base: number): Uint8Array {
  const writer = createBatchWriter();
  for (const { data, subject, timeMs } of readings) writer.add(new TextEncoder().encode(JSON.stringify(data)), subject, timeMs);
  return writer.finish(base);
}

function firstReading(spec: SourceSpec, sink: DoorSink, ledger: SourceLedger): number {
  switch (spec.kind) {
    case "replay":
      return sink.offset === undefined ? 0 : Number(sink.offset);
    case "bulk": // until it is told
    case "mqtt":
      return (ledger.acknowledged.ranges.at(-1)?.last ?? -1) + 1;
    case "host":
      return ledger.made;
  }
}

/** A function of the number alone, apart from the time: offered twice, a reading is the same. */
function makeReading(ledger: SourceLedger, spec: SourceSpec, number: number, markerEvery: number, nowMs: number): Reading {
  const fields = spec.kind === "replay" ? Object.values(spec.columns) : ["value"];
  const data: Record<string, unknown> = { reading: `${ledger.source}/${number}` };
  for (const [place, field] of fields.entries()) data[field] = Math.sin(number / (10 + place)) + (((number * 2654435761 + place * 40503) >>> 8) % 1000) / 5000;
  if (markerEvery > 0 && number % markerEvery === 0) data["marker"] = `${markerPrefix}${number}`;
  return { type: spec.type, subject: subjectOf(spec, number), timeMs: spec.kind === "bulk" && number % 4 === 0 ? undefined : worldBeginsMs + nowMs, data };
}

function subjectOf(spec: SourceSpec, number: number): string | undefined {
  if (spec.kind === "replay") return spec.files[0]?.subject;
  return spec.kind === "bulk" && number % 8 >= 6 ? `device-${number % 8}` : "device";
}
