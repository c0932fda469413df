/** What crosses between this process's main thread and the worker of one function. */
import type { FittedParameters, UnitEvent } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";
import type { ModelLine } from "./model-protocol.ts";

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
  readonly line: ModelLine | undefined;
  /** Only say what the function is, do not run it. */
  readonly describeOnly: boolean;
}

export interface SandboxBatch {
  readonly events: readonly UnitEvent[];
}

export type SandboxReply =
  | { readonly kind: "ready"; readonly described: unknown }
  /** A result as JSON text and, apart from it, the tensors: both are checked by the receiver. */
  | { readonly kind: "result"; readonly text: unknown; readonly fitted: unknown }
  | { readonly kind: "failed"; readonly error: CrossingError };
