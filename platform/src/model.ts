/** The Model port on a real machine: one model worker for the process, started with the first model. */
import { once } from "node:events";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { HolonError } from "@holon/core/errors.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Model, ModelSession, Tensors } from "@holon/core/ports.ts";
import { fromCrossing } from "@holon/core/run/crossing.ts";
import { limits } from "@holon/core/limits.ts";
import { createAnswerArea, type AnswerArea } from "./model/answer.ts";
import { defaultBatchBounds, type BatchBounds } from "./model/batch.ts";
import { loadInPlace } from "./model/in-place.ts";
import type { ModelLine, ModelNames, ModelReply, ModelRequest, ModelWorkerSetup, QuickModel } from "./model/protocol.ts";
import type { SessionsStatus } from "./model/sessions.ts";

export interface PlatformModel extends Model {
  /**
   * Loads graphs for a sandbox and gives the line it reaches them by, without a hop through this thread; `lost` is called if
   * the model worker ends while the line is in use. Who `sleeps` until the bell rings takes small answers from memory, one at a time; to
   * all others each answer comes as a message. `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`.
   */
  connect(graphs: Readonly<Record<string, Uint8Array>>, lost: () => void, options?: { readonly sleeps?: boolean }): Promise<OpenLine>;
  /** What is loaded; undefined while no model was used. */
  status(): Promise<SessionsStatus | undefined>;
  /** Ends the model worker; every session is gone. */
  close(): Promise<void>;
}

export interface OpenLine {
  readonly line: ModelLine;
  /** Of the graphs that were loaded, those that another thread may run as well. */
  readonly quick: Readonly<Record<string, QuickModel>>;
  /** The user of the line is gone: nobody need be told if the worker ends. */
  forget(): void;
}

export interface ModelOptions {
  /** Leaves the native library aside, for trying what a machine without it does. */
  readonly wasmOnly?: boolean;
  /** Loads small graphs into this thread, as `model/in-place.ts` says. */
  readonly inPlace?: boolean;
  readonly sessionBytesMax?: number;
  readonly batch?: Partial<BatchBounds>;
}

export function createModel(options: ModelOptions = {}): PlatformModel {
  const { wasmOnly = false, inPlace = false, sessionBytesMax = limits.modelSessionBytesMax, batch } = options;
  const setup: ModelWorkerSetup = { wasmOnly, sessionBytesMax, batch: { ...defaultBatchBounds, ...batch } };
  let worker: Worker | undefined;
  const lostListeners = new Set<() => void>();

  const ended = (): void => {
    worker = undefined;
    for (const listener of lostListeners) listener();
    lostListeners.clear();
  };

  const open = (lost: () => void, answer?: AnswerArea): Omit<OpenLine, "quick"> => {
    worker ??= startWorker(setup, ended);
    const { port1, port2 } = new MessageChannel();
    const bell = new Int32Array(new SharedArrayBuffer(4));
    const shared = { bell, ...(answer === undefined ? {} : { answer }) };
    worker.postMessage({ port: port2, ...shared } satisfies ModelLine, [port2]);
    lostListeners.add(lost);
    return { line: { port: port1, ...shared }, forget: () => lostListeners.delete(lost) };
  };

  const loadInWorker = (graph: Uint8Array, parameters: Tensors): Promise<ModelSession> => {
    const model = readOnnx(graph, "to load").name || "without a name";
    const caller = new Caller();
    caller.use(open(() => caller.fail(workerEnded())));
    return loadSession(caller, model, graph, parameters);
  };

  return {
    async load(graph, parameters) {
      const small = inPlace ? loadInPlace(graph, parameters, () => loadInWorker(graph, parameters)) : undefined;
      return small ?? loadInWorker(graph, parameters);
    },
    async connect(graphs, lost, { sleeps = false } = {}) {
      const caller = new Caller();
      const opened = open(() => {
        caller.fail(workerEnded());
        lost();
      }, sleeps ? createAnswerArea() : undefined);
      caller.use(opened);
      const quick: Record<string, QuickModel> = {};
      try {
        for (const [model, graph] of Object.entries(graphs)) {
          const names = await caller.load(model, graph);
          if (names.quick !== undefined) quick[model] = names.quick;
        }
      } catch (error) {
        caller.close();
        throw error;
      }
      caller.release({ kind: "seal" });
      return { ...opened, quick };
    },
    async status() {
      if (worker === undefined) return undefined;
      const caller = new Caller();
      caller.use(open(() => caller.fail(workerEnded())));
      try {
        return await caller.status();
      } finally {
        caller.close();
      }
    },
    async close() {
      const ending = worker;
      if (ending === undefined) return;
      ended(); // who waits is told at once; the next load starts another
      ending.removeListener("exit", ended);
      await endWorker(ending);
    },
  };
}

async function loadSession(caller: Caller, model: string, graph: Uint8Array, parameters: Tensors): Promise<ModelSession> {
  const names = await caller.load(model, graph).catch((error: unknown) => {
    caller.close();
    throw error;
  });
  caller.send({ kind: "bind", model, subject: "", parameters });
  return {
    inputs: names.inputs.filter((name) => !Object.hasOwn(parameters, name)),
    outputs: names.outputs,
    run: (inputs) => caller.run(model, inputs),
    async close() {
      caller.close();
    },
  };
}

/** Requests over one line and the promises of their answers. */
class Caller {
  readonly #pending = new Map<number, { readonly resolve: (reply: ModelReply) => void; readonly reject: (error: HolonError) => void }>();
  #port: MessagePort | undefined;
  #forget: () => void = () => undefined;
  #lastId = 0;
  readonly #receive = (reply: ModelReply): void => {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === "failed") waiting?.reject(fromCrossing(reply.error));
    else waiting?.resolve(reply);
  };

  use({ line, forget }: Omit<OpenLine, "quick">): void {
    this.#port = line.port;
    this.#forget = forget;
    line.port.on("message", this.#receive);
  }

  /** Says a last word and leaves the port to its next owner. */
  release(last: ModelRequest): void {
    this.send(last);
    this.#port?.off("message", this.#receive);
  }

  send(request: ModelRequest): void {
    this.#port?.postMessage(request);
  }

  async load(model: string, graph: Uint8Array): Promise<ModelNames> {
    const reply = await this.#ask((id) => ({ kind: "load", id, model, graph: graph.slice() }));
    return reply.kind === "loaded" ? reply.names : mixedUp();
  }

  async run(model: string, inputs: Tensors): Promise<Tensors> {
    const reply = await this.#ask((id) => ({ kind: "run", id, model, inputs, subject: "" }));
    return reply.kind === "ran" ? reply.outputs : mixedUp();
  }

  async status(): Promise<SessionsStatus> {
    const reply = await this.#ask((id) => ({ kind: "status", id }));
    return reply.kind === "status" ? reply.status : mixedUp();
  }

  close(): void {
    this.#port?.close();
    this.#forget();
    this.fail(new HolonError("HOLON_INTERNAL", "the model session is closed"));
  }

  fail(error: HolonError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.#port = undefined;
  }

  #ask(request: (id: number) => ModelRequest): Promise<ModelReply> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#port === undefined) return reject(new HolonError("HOLON_INTERNAL", "the model session is closed"));
      this.#pending.set(id, { resolve, reject });
      this.#port.postMessage(request(id));
    });
  }
}

function startWorker(setup: ModelWorkerSetup, ended: () => void): Worker {
  const worker = new Worker(new URL("./model/worker.ts", import.meta.url), { name: "model", env: {}, execArgv: [], workerData: setup });
  // What ended it is told to each line as `ended`; without this listener it would end the process.
  worker.on("error", () => undefined);
  worker.on("exit", ended);
  return worker;
}

/** It ends by itself when what it runs is over, or is ended if that takes too long. */
async function endWorker(worker: Worker): Promise<void> {
  const exited = once(worker, "exit");
  const timer = setTimeout(() => void worker.terminate(), limits.modelEndMs);
  worker.postMessage("end");
  await exited;
  clearTimeout(timer);
}

const workerEnded = (): HolonError => new HolonError("HOLON_INTERNAL", "the model worker ended");

function mixedUp(): never {
  throw new HolonError("HOLON_INTERNAL", "the model worker answered another question");
}
