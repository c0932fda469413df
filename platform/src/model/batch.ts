/**
 * Calls that wait while the runtime is busy are run as one, where their rows may be: nobody waits for company, and who comes in a
 * crowd shares one run. A batch takes no more rows than the runtime gets through within the latency budget.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-web";
import { tensorsOf, type ModelRuntime } from "./runtime.ts";
import type { Sessions, SharedModel } from "./sessions.ts";

export interface QueuedCall {
  readonly model: SharedModel;
  /** For people. */
  readonly name: string;
  /** Chosen and checked; the bound ones are the same objects as in `bound`. */
  readonly inputs: Tensors;
  /** Parameters that fill in what is not given. Only calls with the same ones go together. */
  readonly bound: Tensors | undefined;
  /** Rows of its inputs, if they may be run with those of others. */
  readonly rows: number | undefined;
  done(outputs: Tensors): void;
  failed(error: unknown): void;
}

export interface Batcher {
  add(call: QueuedCall): void;
  /** What waits is run no more. */
  stop(): void;
}

export interface BatchBounds {
  readonly rowsMax: number;
  /** A batch should not take longer than that. */
  readonly budgetMs: number;
  readonly waitingMax: number;
}

export const defaultBatchBounds: BatchBounds = { rowsMax: limits.modelBatchRowsMax, budgetMs: limits.modelBatchMsMax, waitingMax: limits.modelWaitingMax };

export function createBatcher(sessions: Sessions, runtime: () => Promise<ModelRuntime>, bounds: BatchBounds): Batcher {
  let waiting: QueuedCall[] = [];
  let isRunning = false;
  /** Parameters are the same objects in each run: wrapped once. */
  const wrapped = new WeakMap<Tensor, RuntimeTensor>();

  async function drain(): Promise<void> {
    const library = await runtime(); // is there: a model is loaded
    while (waiting.length > 0) {
      const batch = takeBatch();
      const [first] = batch;
      if (first === undefined) return;
      try {
        await sessions.use(first.model, first.name, (session) => runBatch(library, session, batch));
      } catch (error) {
        for (const call of batch) call.failed(error);
      }
      // What came in while the runtime was busy is still in the ports: one turn of the event loop brings all of it.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The call that has waited for longest, and those behind it that may go with it. */
  function takeBatch(): readonly QueuedCall[] {
    const [first, ...others] = waiting;
    if (first === undefined) return [];
    let rows = first.rows;
    if (rows === undefined || others.length === 0) {
      waiting = others;
      return [first];
    }
    const { rowMs } = first.model;
    const rowsMax = Math.min(bounds.rowsMax, rowMs === undefined || rowMs === 0 ? bounds.rowsMax : Math.floor(bounds.budgetMs / rowMs));
    const batch = [first];
    const left: QueuedCall[] = [];
    for (const call of others) {
      if (call.rows !== undefined && call.model === first.model && call.bound === first.bound && rows + call.rows <= rowsMax && isAlike(call.inputs, first)) {
        batch.push(call);
        rows += call.rows;
      } else left.push(call);
    }
    waiting = left;
    return batch;
  }

  async function runBatch(library: ModelRuntime, session: InferenceSession, batch: readonly QueuedCall[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const feeds: Record<string, RuntimeTensor> = {};
    for (const [name, tensor] of Object.entries(first.inputs)) {
      const isBound = first.bound?.[name] === tensor;
      let feed = isBound ? wrapped.get(tensor) : undefined;
      if (feed === undefined) {
        const whole = isBound || batch.length === 1 ? tensor : joinRows(batch.map(({ inputs }) => inputs[name] ?? tensor));
        feed = new library.Tensor("float32", whole.values, whole.shape);
        if (isBound) wrapped.set(tensor, feed);
      }
      feeds[name] = feed;
    }
    const startMs = performance.now();
    const outputs = await run(session, feeds, first.name);
    const rows = batch.reduce((total, call) => total + (call.rows ?? 0), 0);
    if (first.rows !== undefined) learn(first.model, (performance.now() - startMs) / Math.max(1, rows), batch.length);
    if (batch.length === 1) first.done(outputs);
    else handOut(batch, outputs, rows);
  }

  return {
    stop() {
      waiting = [];
    },
    add(call) {
      if (waiting.length >= bounds.waitingMax) return call.failed(new HolonError("HOLON_MODEL_BUSY", `model ${call.name}: ${waiting.length} calls wait already`));
      waiting.push(call);
      if (isRunning) return;
      isRunning = true;
      void drain().finally(() => {
        isRunning = false;
      });
    },
  };
}

/** A row by itself costs more than one among others, so it only ever lowers what is known. */
function learn(model: SharedModel, rowMs: number, calls: number): void {
  const known = model.rowMs ?? rowMs;
  model.rowMs = calls > 1 ? known + (rowMs - known) / 4 : Math.min(known, rowMs);
}

async function run(session: InferenceSession, feeds: Record<string, RuntimeTensor>, name: string): Promise<Tensors> {
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(feeds);
  } catch (error) {
    throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${name} does not run on inputs of these shapes`, { cause: error });
  }
  return tensorsOf(results, name);
}

/** Whether the call's inputs have the sizes of the first one's, rows apart. */
const isAlike = (inputs: Tensors, first: QueuedCall): boolean =>
  Object.entries(first.inputs).every(([name, { shape }]) => first.bound?.[name] === first.inputs[name] || (inputs[name]?.shape.length === shape.length && shape.every((size, axis) => axis === 0 || inputs[name]?.shape[axis] === size)));

function joinRows(parts: readonly Tensor[]): Tensor {
  const values = new Float32Array(parts.reduce((total, part) => total + part.values.length, 0));
  let position = 0;
  let rows = 0;
  for (const part of parts) {
    values.set(part.values, position);
    position += part.values.length;
    rows += part.shape[0] ?? 0;
  }
  return { shape: [rows, ...(parts[0]?.shape.slice(1) ?? [])], values };
}

function handOut(batch: readonly QueuedCall[], outputs: Tensors, rows: number): void {
  let from = 0;
  for (const call of batch) {
    const count = call.rows ?? 0;
    const own = Object.entries(outputs).map(([name, { shape, values }]): [string, Tensor] => {
      const width = values.length / rows;
      return [name, { shape: [count, ...shape.slice(1)], values: values.slice(from * width, (from + count) * width) }];
    });
    from += count;
    call.done(Object.fromEntries(own));
  }
}
