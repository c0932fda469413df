/** The way from isolates to models: small ones are run at once, for the others answers come from the model worker as they come, and other functions go on meanwhile. */
import { HolonError } from "@holon/core/errors.ts";
import { scoresOf } from "@holon/core/model/tensor.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import type { EvaluatedModel } from "@holon/core/model/evaluator.ts";
import { modelInPlace, runInPlace } from "./model-in-place.ts";
import type { ModelLine, ModelReply, ModelRequest } from "./model-protocol.ts";
import type { InsideModelReply } from "./runner-warden-protocol.ts";

export interface WardenModels {
  bind(model: string, subject: string, parameters: Tensors): void;
  /** The answer is delivered under `id`. */
  ask(id: number, model: string, inputs: Tensors, subject: string | undefined): void;
  run(model: string, inputs: Tensors): Promise<Tensors>;
  /** Questions not yet answered. */
  pending(): number;
  /** What the node says to a question that it was asked. */
  decided(call: number, reply: NodeReply): void;
}

/** Puts a question to the node, which answers for some models itself. */
export type AskNode = (call: number, model: string, rows: Tensor) => void;
type NodeReply = Omit<InsideModelReply, "tookMs">;

/** Questions of one function that wait for the node. */
const nodeAsksMax = 64;

export function createWardenModels(line: ModelLine | undefined, deliver: (id: number, reply: InsideModelReply) => void, node: { readonly served: Readonly<Record<string, string>>; readonly ask: AskNode }, graphs: Readonly<Record<string, Uint8Array>> = {}): WardenModels {
  const small = createSmallModels(graphs);
  const waiting = new Map<number, (reply: ModelReply) => void>();
  const askedNode = new Map<number, (reply: NodeReply) => void>();
  let lastId = 0;
  const isServed = (model: string): boolean => Object.hasOwn(node.served, model);
  const askNode = (model: string, rows: Tensor | undefined, answered: (reply: NodeReply) => void): void => {
    if (rows === undefined || askedNode.size >= nodeAsksMax) return answered({ error: toCrossing(new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} was asked with no rows, or more than ${nodeAsksMax} times at once; await what it starts`)) });
    const call = ++lastId;
    askedNode.set(call, answered);
    node.ask(call, model, rows);
  };
  line?.port.on("message", (reply: ModelReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const send = (request: ModelRequest): void => line?.port.postMessage(request);
  const askModel = (model: string, inputs: Tensors, subject: string | undefined, answered: (reply: ModelReply) => void): void => {
    const outputs = small.run(model, inputs, subject);
    const id = ++lastId;
    if (outputs !== undefined) return answered({ kind: "ran", id, outputs });
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
      small.bind(model, subject, parameters);
      send({ kind: "bind", model, subject, parameters });
    },
    ask(id, model, inputs, subject) {
      const startMs = performance.now();
      if (isServed(model)) return askNode(model, Object.values(inputs)[0], (reply) => deliver(id, { ...reply, tookMs: performance.now() - startMs }));
      if (line === undefined) return deliver(id, { error: toCrossing(notLoaded(model)), tookMs: 0 });
      askModel(model, inputs, subject, (reply) => {
        const tookMs = performance.now() - startMs;
        if (reply.kind === "failed") deliver(id, { error: reply.error, tookMs });
        else deliver(id, { outputs: reply.kind === "ran" ? reply.outputs : {}, tookMs });
      });
    },
    run: (model, inputs) =>
      new Promise((resolve, reject) => {
        if (isServed(model)) return askNode(model, Object.values(inputs)[0], ({ decisions, error }) => (error === undefined ? resolve({ [node.served[model] ?? ""]: scoresOf(decisions ?? []) }) : reject(fromCrossing(error))));
        if (line === undefined) return reject(notLoaded(model));
        askModel(model, inputs, undefined, (reply) => (reply.kind === "failed" ? reject(fromCrossing(reply.error)) : resolve(reply.kind === "ran" ? reply.outputs : {})));
      }),
  };
}

interface SmallModel {
  readonly model: EvaluatedModel;
  readonly bound: Map<string, Tensors>;
}

/** Those that are run here; what is no graph, the worker tells. */
function createSmallModels(graphs: Readonly<Record<string, Uint8Array>>) {
  const models = new Map<string, SmallModel>();
  for (const [name, graph] of Object.entries(graphs)) {
    const model = modelInPlace(graph);
    if (model !== undefined) models.set(name, { model, bound: new Map() });
  }
  return {
    bind: (name: string, subject: string, parameters: Tensors): void => void models.get(name)?.bound.set(subject, parameters),
    run(name: string, inputs: Tensors, subject: string | undefined): Tensors | undefined {
      const small = models.get(name);
      return small === undefined ? undefined : runInPlace(small.model, inputs, subject === undefined ? {} : (small.bound.get(subject) ?? {}));
    },
  };
}

const notLoaded = (model: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is not loaded`);
