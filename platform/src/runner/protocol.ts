/** What crosses between this process's main thread and the worker of one function. */
import type { FittedParameters, ModelDecision, Tensor, UnitEvent } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";
import type { ModelLine } from "../model/protocol.ts";

export interface SandboxSetup {
  /** URL of `core/src/run/inside.ts`: a sandbox cannot read the `package.json` files by which a package's name is resolved. */
  readonly inside: string;
  readonly name: string;
  /** JavaScript source of the bundled module. */
  readonly code: string;
  readonly modelNames: readonly string[];
  readonly fitted: readonly FittedParameters[];
  readonly state: ReadonlyMap<string, string>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Models that the node answers for, with the name of each one's output. */
  readonly served?: Readonly<Record<string, string>>;
  readonly line: ModelLine | undefined;
  /** Only say what the function is, do not run it. */
  readonly describeOnly: boolean;
}

export interface SandboxBatch {
  readonly events: readonly UnitEvent[];
}

/** What the node says to a question that the function asked one of its models. */
export interface SandboxDecided {
  readonly call: number;
  readonly decisions?: readonly ModelDecision[];
  readonly error?: CrossingError;
}

/** `used`: by its thread since that began; of one that is ready, before the function's own module was loaded. A `UnitUsage`, checked by the receiver. */
export type SandboxReply =
  | { readonly kind: "ready"; readonly described: unknown; readonly used: unknown }
  /** A result as JSON text and, apart from it, the tensors: both are checked by the receiver. */
  | { readonly kind: "result"; readonly text: unknown; readonly fitted: unknown; readonly used: unknown }
  | { readonly kind: "failed"; readonly error: CrossingError; readonly used: unknown }
  /** A question in the midst of a batch. */
  | { readonly kind: "decide"; readonly call: number; readonly model: string; readonly rows: Tensor; readonly cause: number };
