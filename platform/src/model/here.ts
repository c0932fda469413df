/**
 * Quick models of functions, on the thread that hands on their calls: to hand one on to the model worker, and its answer back, takes this thread as long
 * as to run it, and the function several times as long. A graph is one for here if what a run takes follows from the sizes of what it is given and
 * was measured (`quickOf` in `model/worker.ts`). What is larger than what was measured goes to the worker, and so does all that fails here: its word counts.
 */
import { limits } from "@holon/core/limits.ts";
import { chooseInputs } from "@holon/core/model/inputs.ts";
import type { Tensors } from "@holon/core/ports.ts";
import type { QuickModel } from "./protocol.ts";
import { openDirectly, type DirectSession } from "./runtime.ts";
import { besideBytes } from "./sessions.ts";

export interface ModelsHere {
  /** Will be here soon, not in the midst of a start, if there is room: of those that nobody uses some give way. */
  prepare(model: QuickModel, graph: Uint8Array, name: string): ModelHere;
}

export interface ModelHere {
  /** `bound` fills in what is not given. Undefined: the model worker has to be asked. */
  run(inputs: Tensors, bound: Tensors): Tensors | undefined;
  /** Its function is gone: it stays for the next start of one that uses it, while there is room. */
  release(): void;
}

export type OpenDirectly = (graph: Uint8Array, name: string, outputs: readonly string[]) => Promise<DirectSession | undefined>;

interface Held {
  readonly model: QuickModel;
  readonly name: string;
  readonly sizeBytes: number;
  /** Values of each input in the run that was measured. */
  readonly values: ReadonlyMap<string, number>;
  users: number;
  session: DirectSession | undefined;
  /** Runs one after the other that took many times as long as what was measured. */
  slow: number;
}

/** Values that are nearly 0 can slow a processor by a factor of 25; nobody else should wait for that. */
const slowFactor = 8;
const slowMax = 8;
const openAfterMs = 20;

export function createModelsHere(open: OpenDirectly = openDirectly, bytesMax: number = limits.modelHereBytesMax, nowMs: () => number = () => performance.now()): ModelsHere {
  /** By hash, those that came last at the end. */
  const held = new Map<string, Held>();

  function hasRoom(needed: number): boolean {
    let bytes = [...held.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, needed);
    for (const [hash, one] of held) {
      if (bytes <= bytesMax) return true;
      if (one.users > 0) continue;
      one.session?.release();
      held.delete(hash);
      bytes -= one.sizeBytes;
    }
    return bytes <= bytesMax;
  }

  function hold(model: QuickModel, graph: Uint8Array, name: string): Held | undefined {
    const sizeBytes = graph.length + besideBytes;
    if (!hasRoom(sizeBytes)) return undefined;
    const values = new Map(model.inputs.map((input) => [input.name, input.shape.reduce<number>((product, size) => product * (typeof size === "number" ? size : 1), 1)]));
    const one: Held = { model, name, sizeBytes, values, users: 0, session: undefined, slow: 0 };
    setTimeout(() => void bring(one, graph), openAfterMs).unref();
    return one;
  }

  async function bring(one: Held, graph: Uint8Array): Promise<void> {
    const isHeld = (): boolean => held.get(one.model.hash) === one;
    const session = isHeld() ? await open(graph, one.name, one.model.outputs) : undefined;
    if (isHeld()) one.session = session;
    else session?.release();
  }

  function run(one: Held, inputs: Tensors, bound: Tensors): Tensors | undefined {
    if (one.session === undefined) return undefined;
    const chosen = chooseInputs(one.model.inputs, inputs, bound, one.name);
    for (const [input, { values }] of Object.entries(chosen)) if (values.length > (one.values.get(input) ?? 0)) return undefined;
    const startMs = nowMs();
    const outputs = one.session.run(chosen);
    if (nowMs() - startMs <= slowFactor * one.model.runMs) one.slow = 0;
    else if (++one.slow >= slowMax) {
      one.session.release(); // it stays held without, so that it is not opened at once again
      one.session = undefined;
    }
    return outputs;
  }

  return {
    prepare(model, graph, name) {
      const one = held.get(model.hash) ?? hold(model, graph, name);
      if (one === undefined) return { run: () => undefined, release: () => undefined };
      held.delete(model.hash);
      held.set(model.hash, one);
      one.users += 1;
      return {
        run(inputs, bound) {
          try {
            return run(one, inputs, bound);
          } catch {
            return undefined; // the worker says why
          }
        },
        release: () => void (one.users -= 1),
      };
    },
  };
}
