/** What crosses between the node, a warden (the process that holds isolates) and the inside of an isolate. */
import type { FittedParameters, Tensors, UnitDeclared, UnitUsage } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";

/** Of one function, without its code, graphs and tensors. */
export interface InsideSetup {
  readonly name: string;
  readonly modelNames: readonly string[];
  readonly state: readonly (readonly [string, string])[];
  /** Of a WebAssembly module, which cannot say it itself. */
  readonly declared: UnitDeclared | undefined;
  readonly secrets?: Readonly<Record<string, string>>;
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
  readonly error?: CrossingError | undefined;
  readonly tookMs: number;
}

export interface WardenSetup {
  /** Bundle of `runner-inside.ts`. */
  readonly inside: string;
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
    }
  | { readonly kind: "handle"; readonly id: number; readonly eventsText: string; readonly timeoutMs: number }
  | { readonly kind: "close"; readonly id: number };

export type WardenReply =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly text: string; readonly fitted: unknown; readonly talk: string; readonly usage: UnitUsage }
  | { readonly kind: "failed"; readonly id: number; readonly error: CrossingError; readonly talk: string; readonly usage: UnitUsage }
  /** The function's isolate cannot be ended: this process has to be. */
  | { readonly kind: "stuck"; readonly id: number; readonly error: CrossingError }
  /** An idle function lost something it cannot do without. */
  | { readonly kind: "lost"; readonly id: number; readonly error: CrossingError };
