/**
 * The sessions of one model worker: one for each graph, whoever uses it, and in all no more than so many bytes. A session that was
 * not used for longest is let go of when another needs its room; its graph is kept, so the next call brings it back.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { freeInputs, type OnnxGraph, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
import { isTimedByShapes } from "@holon/core/model/timed-by-shapes.ts";
import { isRowWise } from "@holon/core/model/row-wise.ts";
import type { InferenceSession } from "onnxruntime-web";
import { openSession, type ModelRuntime } from "./runtime.ts";

export interface SharedModel {
  readonly hash: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly string[];
  /** Whether rows of calls that give these inputs may be run as one. */
  isRowWise(given: readonly string[]): boolean;
  /** Milliseconds for one row in a batch, as last measured; undefined before the first run. */
  rowMs: number | undefined;
  /** Milliseconds for a run whose open sizes are 1, where that says what every such run takes: undefined before the session is there, and of graphs that take as long as their values say. */
  readonly runMs: number | undefined;
}

export interface SessionsStatus {
  readonly runtime: string | undefined;
  readonly models: number;
  readonly loaded: number;
  readonly loadedBytes: number;
  /** Sessions that were let go of to make room, since the worker started. */
  readonly evicted: number;
}

interface Held extends SharedModel {
  readonly graph: Uint8Array;
  readonly sizeBytes: number;
  readonly isTimed: boolean;
  runMs: number | undefined;
  users: number;
  /** While it is being made, or is there. */
  session: Promise<InferenceSession> | undefined;
  /** Settles when what runs in the session now is over. */
  running: Promise<unknown>;
  usedAt: number;
}

export interface Sessions {
  /** The model of this graph; its session is made, and warm, when this resolves. `HOLON_MODEL_…`. */
  acquire(hash: string, parsed: OnnxGraph, graph: Uint8Array, name: string): Promise<SharedModel>;
  /** One user is gone; with the last one the model is. */
  release(model: SharedModel): void;
  /** Works with the session, made again if it was let go of; until the work is over it stays. */
  use<T>(model: SharedModel, name: string, work: (session: InferenceSession) => Promise<T>): Promise<T>;
  status(): SessionsStatus;
  /** Lets go of all; resolves when nothing of the library runs any more. */
  close(): Promise<void>;
}

/** What a session takes beside its weights: arenas and plans. */
export const besideBytes = 256 << 10;

/** A machine that is busy makes some of the runs that are timed slow. What takes longer than the bounds is none that is quick. */
const timedRuns = 16;
const quickMs = 1;
const firstMsMax = 200;

export function createSessions(runtime: () => Promise<ModelRuntime>, bytesMax: number = limits.modelSessionBytesMax): Sessions {
  const held = new Map<string, Held>();
  let uses = 0;
  let evicted = 0;
  let runtimeName: string | undefined;
  const releasing = new Set<Promise<void>>();

  function drop(model: Held): void {
    const released = letGo(model).finally(() => releasing.delete(released));
    releasing.add(released);
  }

  function makeRoom(needed: number, name: string): void {
    if (needed > bytesMax) throw new HolonError("HOLON_MODEL_TOO_LARGE", `model ${name} needs about ${needed} bytes; all sessions of a node have ${bytesMax}`);
    const loaded = [...held.values()].filter(({ session }) => session !== undefined).sort((a, b) => a.usedAt - b.usedAt);
    let bytes = loaded.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    for (const model of loaded) {
      if (bytes + needed <= bytesMax) return;
      bytes -= model.sizeBytes;
      evicted += 1;
      drop(model);
    }
  }

  function open(model: Held, name: string): Promise<InferenceSession> {
    makeRoom(model.sizeBytes, name);
    const opening = runtime().then(async (library) => {
      runtimeName = library.name;
      const session = await openSession(library, model.graph, name);
      const runMs = await warmUp(library, session, model.inputs);
      if (model.isTimed) model.runMs = runMs;
      return session;
    });
    opening.catch(() => {
      if (model.session === opening) model.session = undefined;
    });
    model.session = opening;
    return opening;
  }

  return {
    async acquire(hash, parsed, graph, name) {
      let model = held.get(hash);
      if (model === undefined) {
        model = createHeld(hash, parsed, graph);
        held.set(hash, model);
      }
      model.users += 1;
      try {
        model.usedAt = ++uses;
        await (model.session ?? open(model, name));
        return model;
      } catch (error) {
        this.release(model);
        throw error;
      }
    },
    release(model) {
      const own = held.get(model.hash);
      if (own === undefined || --own.users > 0) return;
      held.delete(own.hash);
      drop(own);
    },
    use(model, name, work) {
      const own = held.get(model.hash);
      if (own === undefined) return Promise.reject(new HolonError("HOLON_INTERNAL", `model ${name} is closed`));
      own.usedAt = ++uses;
      const result = (own.session ?? open(own, name)).then(work);
      const before = own.running;
      own.running = result.then(() => before, () => before);
      return result;
    },
    async close() {
      for (const model of held.values()) drop(model);
      held.clear();
      await Promise.all(releasing);
    },
    status() {
      const loaded = [...held.values()].filter(({ session }) => session !== undefined);
      return { runtime: runtimeName, models: held.size, loaded: loaded.length, loadedBytes: loaded.reduce((total, { sizeBytes }) => total + sizeBytes, 0), evicted };
    },
  };
}

function createHeld(hash: string, parsed: OnnxGraph, graph: Uint8Array): Held {
  const proved = new Map<string, boolean>();
  const outputs = parsed.outputs.map(({ name }) => name);
  return {
    hash,
    graph,
    inputs: freeInputs(parsed),
    outputs,
    isRowWise(given) {
      const key = given.toSorted().join("\n");
      let answer = proved.get(key);
      if (answer === undefined) proved.set(key, (answer = isRowWise(parsed, new Set(given))));
      return answer;
    },
    rowMs: undefined,
    isTimed: isTimedByShapes(parsed),
    runMs: undefined,
    sizeBytes: graph.length + besideBytes,
    users: 0,
    session: undefined,
    running: Promise.resolve(),
    usedAt: 0,
  };
}

/** The library fails a run whose session is released under it, so that waits. */
async function letGo(model: Held): Promise<void> {
  const { session, running } = model;
  model.session = undefined;
  const opened = await session?.catch(() => undefined); // whoever wanted it was told why it could not be made
  await running;
  await opened?.release().catch(() => undefined); // it is gone already
}

/** The first run allocates and compiles; nobody's call should pay for it. Sizes that callers choose are taken as 1. What a quick one takes after that, at best. */
async function warmUp({ Tensor }: ModelRuntime, session: InferenceSession, inputs: readonly OnnxValue[]): Promise<number | undefined> {
  const feeds = Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const sizes = shape.map((size) => (typeof size === "number" ? size : 1));
      return [name, new Tensor("float32", new Float32Array(sizes.reduce((product, size) => product * size, 1)), sizes)];
    }),
  );
  let bestMs = Number.POSITIVE_INFINITY;
  try {
    for (let run = 0; run < timedRuns && (run < 2 || bestMs < quickMs); run++) {
      const startMs = performance.now();
      await session.run(feeds, { logSeverityLevel: 4 });
      if (run > 0) bestMs = Math.min(bestMs, performance.now() - startMs);
      else if (performance.now() - startMs > firstMsMax) return undefined;
    }
  } catch {
    return undefined; // a graph whose open sizes cannot all be 1 starts cold, which is no reason not to load it
  }
  return bestMs;
}
