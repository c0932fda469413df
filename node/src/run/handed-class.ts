/**
 * The class of what a unit has been handed. It was born as what it is, whatever the unit's app says of the type; the most sensitive of it counts for all that the unit makes from then
 * on, and stands beside what it holds on the disk, so that a start or a move does not lower it. A unit that holds nothing begins anew with each start.
 */
import { declaredClass, type AppParts } from "@holon/core/reduce/declared.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { classOfMade, moreSensitive, type Maker } from "@holon/core/policy/lowering.ts";
import type { Transform } from "@holon/core/policy/transform.ts";
import { dataClassSchema, type DataClass } from "@holon/core/schema/event.ts";
import type { Guard } from "../policy/guard.ts";

export interface HandedClass {
  /** The unit, with the class of what it makes things of. */
  maker(): Maker;
  /** It is handed data of these classes. Returns them as its app sees them. */
  take(classes: Iterable<DataClass>): readonly DataClass[];
  /** The class of what it tells: a lower one than that of what it was handed only where the guard lets it lower that. */
  told(declared: DataClass, through?: Transform): DataClass;
  /** What belongs into an append that writes what the unit holds. */
  cells(): readonly CellChange[];
}

export interface HandedClassOptions {
  readonly app: AppParts & { readonly name: string };
  readonly maker: Maker;
  /** Of what it is triggered by. */
  readonly type: string;
  readonly log: Pick<Log, "cell" | "cells">;
  readonly guard: Pick<Guard, "lowered">;
}

export const bornCell = (unit: string): string => `born/${unit}`;
/** Beginnings of the cells in which a unit holds what it was handed, or what it made of it. */
const heldPrefixes = (unit: string): readonly string[] => [`state/${unit}/`, `fitted/${unit}/`, `window/${unit}/`];

export const openHandedClass = (options: HandedClassOptions): HandedClass => new SeenClass(options);

/** A class, since each unit has one: methods are shared. */
class SeenClass implements HandedClass {
  readonly #unit: string;
  readonly #options: HandedClassOptions;
  readonly #ofApp: DataClass | undefined;
  #handed: DataClass | undefined;
  #maker: Maker;

  constructor(options: HandedClassOptions) {
    const { app, maker, type, log } = options;
    this.#options = options;
    this.#unit = `${app.name}/${maker.name}`;
    this.#ofApp = declaredClass(app, type);
    this.#handed = joined([...(this.#ofApp === undefined ? [] : [this.#ofApp]), ...heldBorn(this.#unit, log)]);
    this.#maker = this.#handed === undefined ? maker : { ...maker, from: moreSensitive(maker.from, this.#handed) };
  }

  maker(): Maker {
    return this.#maker;
  }

  take(classes: Iterable<DataClass>): readonly DataClass[] {
    const seen = [...classes];
    const [only] = seen;
    if (seen.length === 1 && only !== undefined && only === this.#handed) return only === this.#ofApp || this.#ofApp === undefined ? seen : [moreSensitive(only, this.#ofApp)];
    const most = joined([...seen, ...(this.#handed === undefined ? [] : [this.#handed])]);
    if (most !== undefined && most !== this.#handed) {
      this.#handed = most;
      this.#maker = { ...this.#maker, from: moreSensitive(this.#maker.from, most) };
    }
    const ofApp = this.#ofApp;
    return ofApp === undefined ? seen : [...new Set(seen.map((own) => moreSensitive(own, ofApp)))];
  }

  told(own: DataClass, through?: Transform): DataClass {
    return classOfMade(own, this.#maker, this.#options, through);
  }

  cells(): readonly CellChange[] {
    const handed = this.#handed;
    return handed === undefined || storedBorn(this.#unit, this.#options.log)?.[0] === handed ? [] : [{ key: bornCell(this.#unit), value: encoder.encode(handed) }];
  }
}

/** Of what the unit holds on the disk: one, or none. */
export const heldBorn = (unit: string, log: Pick<Log, "cell" | "cells">): readonly DataClass[] => (heldPrefixes(unit).some((prefix) => log.cells(prefix).size > 0) ? (storedBorn(unit, log) ?? []) : []);

/** One, or none. */
export function storedBorn(unit: string, log: Pick<Log, "cell">): readonly DataClass[] | undefined {
  const value = log.cell(bornCell(unit));
  return value && [dataClassSchema.parse(decoder.decode(value))];
}

const joined = (classes: readonly DataClass[]): DataClass | undefined => (classes.length === 0 ? undefined : classes.reduce(moreSensitive));

const encoder = new TextEncoder();
const decoder = new TextDecoder();
