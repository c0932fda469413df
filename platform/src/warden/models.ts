/** The way from isolates to models: small and quick ones are run at once, for the others answers come from the model worker as they come, and other functions go on meanwhile. */
import { HolonError } from "@holon/core/errors.ts";
import { scoresOf } from "@holon/core/model/tensor.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import { createModelsHere, type ModelHere, type ModelsHere } from "../model/here.ts";
import { modelInPlace, runInPlace } from "../model/in-place.ts";
import type { ModelLine, ModelReply, ModelRequest, QuickModel } from "../model/protocol.ts";
import type { InsideModelReply } from "../runner/warden-protocol.ts";

export interface WardenModels {
  bind(model: string, subject: string, parameters: Tensors): void;
  /** The answer is delivered under `id`. `subject`: of a model that the node answers for, the place of the event in the batch. */
  ask(id: number, model: string, inputs: Tensors, subject: string | undefined): void;
  /** The answer at once, of what is run here; undefined: it has to be asked. */
  now(model: string, inputs: Tensors, subject: string | undefined): InsideModelReply | undefined;
  run(model: string, inputs: Tensors): Promise<Tensors>;
  /** Questions not yet answered. */
  pending(): number;
  /** What the node says to a question that it was asked. */
  decided(call: number, reply: NodeReply): void;
  /** The function is gone. */
  end(): void;
}

/** Puts a question to the node, which answers for some models itself. */
export type AskNode = (call: number, model: string, rows: Tensor, cause: number | undefined) => void;
type NodeReply = Omit<InsideModelReply, "tookMs" | "here">;

/** Questions of one function that wait for the node. */
const nodeAsksMax = 64;

/** What is run on this thread: graphs of the function, and where those of them that are quick are prepared. */
export interface RunHere {
  readonly graphs: Readonly<Record<string, Uint8Array>>;
  readonly quick: Readonly<Record<string, QuickModel>>;
  readonly models: ModelsHere;
}

export function createWardenModels(line: ModelLine | undefined, deliver: (id: number, reply: InsideModelReply) => void, node: { readonly served: Readonly<Record<string, string>>; readonly ask: AskNode }, here?: RunHere): WardenModels {
  const own = createOwnModels(here);
  const waiting = new Map<number, (reply: ModelReply) => void>();
  const askedNode = new Map<number, (reply: NodeReply) => void>();
  let lastId = 0;
  const isServed = (model: string): boolean => Object.hasOwn(node.served, model);
  const askNode = (model: string, rows: Tensor | undefined, cause: number | undefined, answered: (reply: NodeReply) => void): void => {
    if (rows === undefined || askedNode.size >= nodeAsksMax) return answered({ error: toCrossing(new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} was asked with no rows, or more than ${nodeAsksMax} times at once; await what it starts`)) });
    const call = ++lastId;
    askedNode.set(call, answered);
    node.ask(call, model, rows, cause);
  };
  line?.port.on("message", (reply: ModelReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const send = (request: ModelRequest): void => line?.port.postMessage(request);
  const askModel = (model: string, inputs: Tensors, subject: string | undefined, answered: (reply: ModelReply, here?: boolean) => void): void => {
    const outputs = own.run(model, inputs, subject);
    const id = ++lastId;
    if (outputs !== undefined) return answered({ kind: "ran", id, outputs }, true);
    waiting.set(id, answered);
    send({ kind: "run", id, model, inputs, subject });
  };
  return {
    pending: () => waiting.size + askedNode.size,
    decided(call, { decisions, error }) {
      askedNode.get(call)?.({ decisions, error });
      askedNode.delete(call);
    },
    bind(model, subject, parameters) {
      own.bind(model, subject, parameters);
      send({ kind: "bind", model, subject, parameters });
    },
    ask(id, model, inputs, subject) {
      const startMs = performance.now();
      if (isServed(model)) return askNode(model, Object.values(inputs)[0], subject === undefined ? undefined : Number(subject), (reply) => deliver(id, { ...reply, tookMs: performance.now() - startMs }));
      if (line === undefined) return deliver(id, { error: toCrossing(notLoaded(model)), tookMs: 0 });
      askModel(model, inputs, subject, (reply, isHere) => {
        const tookMs = performance.now() - startMs;
        if (reply.kind === "failed") deliver(id, { error: reply.error, tookMs });
        else deliver(id, { outputs: reply.kind === "ran" ? reply.outputs : {}, tookMs, here: isHere });
      });
    },
    now(model, inputs, subject) {
      const startMs = performance.now();
      const outputs = own.run(model, inputs, subject);
      return outputs === undefined ? undefined : { outputs, tookMs: performance.now() - startMs };
    },
    end: own.release,
    run: (model, inputs) =>
      new Promise((resolve, reject) => {
        if (isServed(model)) return askNode(model, Object.values(inputs)[0], undefined, ({ decisions, error }) => (error === undefined ? resolve({ [node.served[model] ?? ""]: scoresOf(decisions ?? []) }) : reject(fromCrossing(error))));
        if (line === undefined) return reject(notLoaded(model));
        askModel(model, inputs, undefined, (reply) => (reply.kind === "failed" ? reject(fromCrossing(reply.error)) : resolve(reply.kind === "ran" ? reply.outputs : {})));
      }),
  };
}

interface OwnModel {
  run(inputs: Tensors, bound: Tensors): Tensors | undefined;
  readonly bound: Map<string, Tensors>;
}

/** Those that are run here; what is no graph, the worker tells. */
function createOwnModels({ graphs, quick, models: prepared }: RunHere = { graphs: {}, quick: {}, models: createModelsHere() }) {
  const models = new Map<string, OwnModel>();
  const quickOnes: ModelHere[] = [];
  for (const [name, graph] of Object.entries(graphs)) {
    const small = modelInPlace(graph);
    const isQuick = quick[name];
    const here = isQuick === undefined ? undefined : prepared.prepare(isQuick, graph, name);
    if (here !== undefined) quickOnes.push(here);
    if (small !== undefined || here !== undefined) models.set(name, { run: (inputs, bound) => (small === undefined ? undefined : runInPlace(small, inputs, bound)) ?? here?.run(inputs, bound), bound: new Map() });
  }
  return {
    bind: (name: string, subject: string, parameters: Tensors): void => void models.get(name)?.bound.set(subject, parameters),
    run(name: string, inputs: Tensors, subject: string | undefined): Tensors | undefined {
      const own = models.get(name);
      return own?.run(inputs, subject === undefined ? {} : (own.bound.get(subject) ?? {}));
    },
    release: () => quickOnes.splice(0).forEach((one) => one.release()),
  };
}

const notLoaded = (model: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is not loaded`);
