/** What crosses between the model worker and those who use models: main thread and sandboxes, each over a port of its own. */
import type { MessagePort } from "node:worker_threads";
import type { OnnxValue } from "@holon/core/model/onnx-graph.ts";
import type { Tensors } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";
import type { AnswerArea } from "./answer.ts";
import type { BatchBounds } from "./batch.ts";
import type { SessionsStatus } from "./sessions.ts";

export interface ModelWorkerSetup {
  readonly wasmOnly: boolean;
  readonly sessionBytesMax: number;
  readonly batch: BatchBounds;
}

export type ModelRequest =
  | { readonly kind: "load"; readonly id: number; readonly model: string; readonly graph: Uint8Array }
  | { readonly kind: "status"; readonly id: number }
  /** Nothing more can be loaded over this port: said before it is handed to a sandbox. */
  | { readonly kind: "seal" }
  | { readonly kind: "bind"; readonly model: string; readonly subject: string; readonly parameters: Tensors }
  | { readonly kind: "run"; readonly id: number; readonly model: string; readonly inputs: Tensors; readonly subject: string | undefined };

export interface ModelNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of a graph that takes no longer than the way here and back. */
  readonly quick?: QuickModel;
}

/** What another thread needs to know of a graph to run it itself. */
export interface QuickModel {
  /** Of the graph's bytes. */
  readonly hash: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly string[];
  /** What a run takes whose open sizes are 1. */
  readonly runMs: number;
}

export type ModelReply =
  | { readonly kind: "loaded"; readonly id: number; readonly names: ModelNames }
  | { readonly kind: "ran"; readonly id: number; readonly outputs: Tensors }
  | { readonly kind: "status"; readonly id: number; readonly status: SessionsStatus }
  | { readonly kind: "failed"; readonly id: number; readonly error: CrossingError };

/** One user's line to the model worker. `bell[0]` counts the replies, so that a sandbox can wait for one without an event loop. */
export interface ModelLine {
  readonly port: MessagePort;
  readonly bell: Int32Array<SharedArrayBuffer>;
  /** Of those who wait so: where small answers lie. */
  readonly answer?: AnswerArea;
}

/** The same values without the rest of a larger buffer, which a message would copy along. */
export const compact = (values: Float32Array): Float32Array => (values.buffer.byteLength === values.byteLength ? values : values.slice());
