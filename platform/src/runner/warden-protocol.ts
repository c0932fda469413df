/** What crosses between the node, a warden (the process that holds isolates) and the inside of an isolate. */
import type { FittedParameters, ModelDecision, Tensor, Tensors, UnitDeclared, UnitUsage } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";

/** What an isolate is made ready for. */
export type InsideRuntime = "javascript" | "wasm";

/** Of one function, without its code, graphs and tensors. */
export interface InsideSetup {
  readonly name: string;
  readonly modelNames: readonly string[];
  readonly state: readonly (readonly [string, string])[];
  /** Of a WebAssembly module, which cannot say it itself. */
  readonly declared: UnitDeclared | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Models that the node answers for, with the name of each one's output. */
  readonly served?: Readonly<Record<string, string>>;
}

/** Plain values only; the receiver checks all of it. */
export interface InsideResult {
  readonly text: string | undefined;
  readonly fitted: unknown;
  /** A `CrossingError` as JSON. */
  readonly failed: string | undefined;
  readonly talk: string;
}

export interface InsideModelReply {
  readonly outputs?: Tensors | undefined;
  readonly decisions?: readonly ModelDecision[] | undefined;
  readonly error?: CrossingError | undefined;
  readonly tookMs: number;
  /** It was run where it was asked: the next call may wait there for its answer. */
  readonly here?: boolean | undefined;
}

export interface WardenSetup {
  /** Bundle of `inside.ts`. */
  readonly inside: string;
}

export interface WardenBatch {
  readonly eventsText: string;
  readonly timeoutMs: number;
}

export type WardenRequest =
  | { readonly kind: "setup"; readonly setup: WardenSetup }
  | {
      readonly kind: "open";
      readonly id: number;
      readonly setup: InsideSetup;
      readonly code: Uint8Array;
      readonly models: Readonly<Record<string, Uint8Array>>;
      readonly fitted: readonly FittedParameters[];
      readonly memoryBytesMax: number;
      readonly startMs: number;
      /** Its first batch: it is answered twice, for its start and for this. */
      readonly first?: WardenBatch;
    }
  | (WardenBatch & { readonly kind: "handle"; readonly id: number })
  /** Answers a question of the function to a model that the node answers for. */
  | { readonly kind: "decided"; readonly id: number; readonly call: number; readonly decisions?: readonly ModelDecision[]; readonly error?: CrossingError }
  | { readonly kind: "close"; readonly id: number };

export type WardenReply =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly text: string; readonly fitted: unknown; readonly talk: string; readonly usage: UnitUsage }
  | { readonly kind: "failed"; readonly id: number; readonly error: CrossingError; readonly talk: string; readonly usage: UnitUsage }
  /** A function at work asks a model that the node answers for. */
  | { readonly kind: "decide"; readonly id: number; readonly call: number; readonly model: string; readonly rows: Tensor; readonly cause: number | undefined }
  /** The function's isolate cannot be ended: this process has to be. */
  | { readonly kind: "stuck"; readonly id: number; readonly error: CrossingError; readonly usage?: UnitUsage }
  /** An idle function lost something it cannot do without. */
  | { readonly kind: "lost"; readonly id: number; readonly error: CrossingError };

/** Replies that are sent together, in their order. */
export type WardenMessage = readonly WardenReply[];
