/** The devices around a node, and the door through which their readings come in. */
import { isErrorCode, type ErrorCode, HolonError } from "@holon/core/errors.ts";
import type { Door, DoorSink, OpenDoor, Reading } from "@holon/core/ports.ts";
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
 * device sends again what was not confirmed, host figures that nobody took are gone.
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
    this.#incarnation.world.after(random.exponential(1000 / habits.readingsPerSecond), () => this.#offer());
  }

  #offer(): void {
    const { random, habits, isQuiet } = this.#devices;
    if (!this.#isOpen || isQuiet || !this.#incarnation.alive) return;
    const count = random.chance(habits.burstChance) ? random.integer(2, habits.burstMax) : 1;
    const first = this.#next;
    const end = first + count;
    const readings: Reading[] = [];
    for (let number = first; number < end; number++) readings.push(makeReading(this.#ledger, this.#spec, number, habits.markerEvery, this.#incarnation.world.nowMs));
    this.#ledger.made = Math.max(this.#ledger.made, end);
    const index = this.#incarnation.enter("door.accept", count);
    if (index === 0) return;
    this.#devices.offered(this.#incarnation);
    this.#sink.accept(readings, String(end)).then(
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

  /** A refusal with a code is offered again later; anything else is a defect of the node and ends the run. */
  #refused(error: unknown): void {
    this.#devices.answered(this.#incarnation);
    if (!this.#incarnation.alive || !this.#isOpen) return;
    if (!(error instanceof HolonError) || !isErrorCode(error.code)) throw error;
    this.#ledger.refused.set(error.code, (this.#ledger.refused.get(error.code) ?? 0) + 1);
    if (error.code !== "HOLON_LOG_CLOSED") this.#incarnation.world.after(1000, () => this.#offer());
  }
}

function firstReading(spec: SourceSpec, sink: DoorSink, ledger: SourceLedger): number {
  switch (spec.kind) {
    case "replay":
      return sink.offset === undefined ? 0 : Number(sink.offset);
    case "mqtt":
    case "bulk":
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
  return { type: spec.type, subject: spec.kind === "replay" ? spec.files[0]?.subject : "device", timeMs: worldBeginsMs + nowMs, data };
}
