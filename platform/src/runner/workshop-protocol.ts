/** What crosses between the node and the process that holds worker threads of trusted functions. */
import type { ModelDecision, Tensor, UnitEvent, UnitProgram, UnitResult, UnitUsage } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";

/** Without what cannot cross: models that the node answers for are asked by message. */
export interface WorkshopProgram extends Omit<UnitProgram, "served"> {
  readonly servedOutputs?: Readonly<Record<string, string>>;
}

export type WorkshopRequest =
  | { readonly kind: "open"; readonly id: number; readonly program: WorkshopProgram }
  | { readonly kind: "handle"; readonly id: number; readonly events: readonly UnitEvent[] }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "decided"; readonly call: number; readonly decisions?: readonly ModelDecision[]; readonly error?: CrossingError };

export type WorkshopReply =
  /** To each request but the last kind, in the order in which they were made of one id. */
  | { readonly kind: "done"; readonly id: number; readonly result?: UnitResult }
  | { readonly kind: "failed"; readonly id: number; readonly error: CrossingError; readonly usage?: UnitUsage }
  | { readonly kind: "decide"; readonly id: number; readonly call: number; readonly model: string; readonly rows: Tensor; readonly cause: number | undefined }
  /** The process has to end, for this one's doing. */
  | { readonly kind: "over"; readonly id: number; readonly error: CrossingError }
  | { readonly kind: "talk"; readonly unit: string; readonly text: string };
