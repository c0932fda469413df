/** A function as its module exports it, and what it is handed for each event. `sdk` gives authors the narrow types of the same. */
import type { ModelDecision, Tensor, Tensors, UnitEvent, UnitMoment, UnitSpan } from "../ports.ts";
import type { DataClass, StreamName } from "../schema/event.ts";
import type { TriggerInput } from "../schema/trigger.ts";

export const functionKind = "holon.function";

export interface EmitTarget {
  readonly stream: Exclude<StreamName, "audit">;
  readonly class: DataClass;
}

/** Durable JSON values of this function. What is set is stored in one append with what is emitted. Values are copies. */
export interface UnitState {
  /** `undefined` where nothing was set. */
  get(key: string): unknown;
  /** `HOLON_STATE_TOO_LARGE` over the limits of `limits.ts`. */
  set(key: string, value: unknown): void;
  delete(key: string): void;
}

/** One of the function's models. */
export interface UnitModel {
  /** Inputs by name; with `parameters`, what was fitted for that subject fills in those that are not given. `HOLON_MODEL_INPUT_BAD`. */
  run(inputs: Tensors, options?: { readonly parameters?: string }): Promise<Tensors>;
  /** Of a model with `cascade` or `drift`: each row's scores, with how sure of it who is. `HOLON_MODEL_INPUT_BAD` for another. */
  decide(rows: Tensor): Promise<readonly ModelDecision[]>;
  /** Whether parameters for the subject are there. */
  fitted(subject: string): boolean;
  /** What was fitted for the subject: a copy. */
  parameters(subject: string): Tensors | undefined;
  /** Stores parameters for the subject, with their provenance; they hold at once. `note` is for people, for example `rows 400`. */
  fit(subject: string, parameters: Tensors, note: string): void;
}

/** A register: the last writer wins, by hybrid clock. */
export interface SharedRegister {
  /** `undefined` where nobody has set it. A copy. */
  get(): unknown;
  set(value: unknown): void;
}

export interface SharedCounter {
  value(): number;
  /** Whole numbers, below zero too. */
  add(amount: number): void;
}

/** A set of JSON values: an addition wins over a removal that did not see it. */
export interface SharedSet {
  values(): readonly unknown[];
  has(value: unknown): boolean;
  add(value: unknown): void;
  remove(value: unknown): void;
}

/**
 * State that converges between sites, as the app's `shared` declares it. What a function sees is all that its node had merged before the
 * batch, and its own changes, which are stored in one append with what is emitted. `key`: one of many under the name.
 * `HOLON_SHARED_BAD` for what is not declared, `HOLON_SHARED_FULL` over the limits of `limits.ts`.
 */
export interface UnitShared {
  register(name: string, key?: string): SharedRegister;
  counter(name: string, key?: string): SharedCounter;
  set(name: string, key?: string): SharedSet;
}

/** Times of the event, and of the node where the function's `clock` grants that. */
export interface UnitTime {
  /** When it happened, and when its node recorded it; milliseconds since 1970. */
  readonly eventMs: number;
  readonly arrivedMs: number;
  /** The node's time when it handed over the batch. `HOLON_UNIT_BAD` unless the manifest grants it. A stream that is replayed gives another. */
  now(): UnitMoment;
}

/** What the manifest names for this function; see docs/concepts/functions.md. */
export interface UnitSecrets {
  /** `HOLON_UNIT_BAD` for one that the manifest does not name. */
  get(name: string): string;
}

export interface UnitContext<Types extends string = string, Models extends string = string> {
  /** Subject and time are those of the event that caused it unless given. Data is copied, as JSON. */
  emit(type: Types, event: { readonly subject?: string | undefined; readonly timeMs?: number | undefined; readonly data: unknown }): void;
  readonly state: UnitState;
  readonly shared: UnitShared;
  readonly models: Readonly<Record<Models, UnitModel>>;
  readonly time: UnitTime;
  readonly secrets: UnitSecrets;
  /** The span in which this event is handled; undefined where its trace is not followed. What is emitted carries it on. */
  readonly trace: UnitSpan | undefined;
  /** One line for people on what the function is doing. */
  status(text: string): void;
}

/** What a function that is triggered by windows is handed. */
export interface UnitWindow {
  /** Events from `startMs` and before `endMs`, milliseconds since 1970. A session ends its gap after its last event. */
  readonly startMs: number;
  readonly endMs: number;
  /** Whose window it is; undefined for a window over all subjects. */
  readonly subject: string | undefined;
  /** 0 at first; higher where the window was run before, with fewer events. */
  readonly revision: number;
  /** It is over (`watermark`); it is run with what is known because a source is silent (`idle`); or with events that came late (`late`). */
  readonly reason: "watermark" | "idle" | "late";
  /** Starts of windows that were run and are part of this one now: sessions that grew together. */
  readonly replaces: readonly number[];
  /** By event time; of one time, always in the same order. At least one. */
  readonly events: readonly UnitEvent[];
}

/** What data must look like: any validator of this form will do, zod's among them. */
export interface DataSchema<Data = unknown> {
  safeParse(value: unknown): { readonly success: true; readonly data: Data } | { readonly success: false; readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] } };
}

/** Shapes by name; `null` stands for any size. */
export type TensorTable = Readonly<Record<string, readonly (number | null)[]>>;

export interface ModelShapes {
  readonly inputs: TensorTable;
  readonly outputs: TensorTable;
}

export interface UnitDefinition {
  readonly kind: typeof functionKind;
  /** Schemas stay with the module: they are held where it runs. */
  readonly schemas?: { readonly on?: DataSchema; readonly emits: Readonly<Record<string, DataSchema>> };
  readonly on: TriggerInput;
  readonly emits: Readonly<Record<string, EmitTarget>>;
  readonly models: readonly string[];
  /** Of models that are declared: what the graphs of the app are held to when it is deployed. */
  readonly modelShapes?: Readonly<Record<string, ModelShapes>>;
  /** A window comes as an event whose data is a `UnitWindow` but for its subject, which is the event's. */
  run(event: UnitEvent, context: UnitContext): void | Promise<void>;
}
