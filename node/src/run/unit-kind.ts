/** What runs in the loop of units: a function in its sandbox, or a reduction. */
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { UnitInstance } from "@holon/core/ports.ts";
import type { FunctionDocument } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import type { EventTrigger, WindowTrigger } from "@holon/core/schema/trigger.ts";
import type { ElasticStatus } from "../elastic/elastic-unit.ts";
import type { ReductionStatus } from "../reduce/saved.ts";
import type { HandedClass } from "./handed-class.ts";
import type { Asking, TraceTrigger } from "./tracer.ts";

/** What the loop needs to know of a function or a reduction. */
export interface UnitDocument extends Pick<FunctionDocument, "name" | "emits">, Partial<Pick<FunctionDocument, "eventsPerSecondMax" | "retriesMax">> {
  /** The events by which it is reached. */
  readonly on: EventTrigger | WindowTrigger;
}

/** What runs in the loop: a function in its sandbox, or a reduction. */
export interface UnitKind {
  /** From what is on disk, at the start and after each failure. `settled`: what was handled before is stored. `born`: told of what it is handed beside its events. */
  open(settled: () => Promise<unknown>, born: HandedClass): Promise<OpenedUnit>;
  /** That it may ask. */
  readonly models?: ReadonlySet<string>;
  /** Nodes that answered for its models, as they come to be known. */
  readonly answerers?: ReadonlySet<string>;
  /** By which its questions to models carry on the trace of what they are asked for: the tracer answers. */
  readonly asking?: Asking;
  /** What triggers it, where the way of events through it is followed. */
  readonly trigger?: TraceTrigger;
  /** It looks in the log for what it is handed, and so is handed nothing that is not there yet. */
  readonly fromDisk?: true;
  /** Events handed over at once, if fewer than usual. */
  readonly batchMax?: number;
  /** Cells that go into the append of a batch beside its own: the record bytes it was handed, and what it made of them. */
  account?(inBytes: number, outputs: readonly NewRecord[]): readonly CellChange[];
  reduction?(): ReductionStatus;
  /** Told before events are handed over: what they are of, and what waits. */
  next?(input: NextInput): void;
  /** Of what siblings help with. */
  elastic?(): ElasticStatus;
  /** The unit is to stop: what waits for something else gives up. */
  interrupt?(): void;
}

/** What is handed over next. */
export interface NextInput {
  readonly events: number;
  /** Of so many that were read. */
  readonly records: number;
  /** Records between what was stored and the head of its lanes, at any time. */
  lag(): number;
  readonly classes: readonly DataClass[];
}

export interface OpenedUnit {
  readonly instance: UnitInstance;
  readonly positions: ReadonlyMap<string, number>;
}
