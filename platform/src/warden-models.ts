/** The way from isolates to the model worker: answers come as they come, other functions go on meanwhile. */
import { HolonError } from "@holon/core/errors.ts";
import type { Tensors } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import type { ModelLine, ModelReply, ModelRequest } from "./model-protocol.ts";
import type { InsideModelReply } from "./runner-warden-protocol.ts";

export interface WardenModels {
  bind(model: string, subject: string, parameters: Tensors): void;
  /** The answer is delivered under `id`. */
  ask(id: number, model: string, inputs: Tensors, subject: string | undefined): void;
  run(model: string, inputs: Tensors): Promise<Tensors>;
  /** Questions not yet answered. */
  pending(): number;
}

export function createWardenModels(line: ModelLine | undefined, deliver: (id: number, reply: InsideModelReply) => void): WardenModels {
  const waiting = new Map<number, (reply: ModelReply) => void>();
  let lastId = 0;
  line?.port.on("message", (reply: ModelReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const send = (request: ModelRequest): void => line?.port.postMessage(request);
  const askModel = (model: string, inputs: Tensors, subject: string | undefined, answered: (reply: ModelReply) => void): void => {
    const id = ++lastId;
    waiting.set(id, answered);
    send({ kind: "run", id, model, inputs, subject });
  };
  return {
    pending: () => waiting.size,
    bind: (model, subject, parameters) => send({ kind: "bind", model, subject, parameters }),
    ask(id, model, inputs, subject) {
      const startMs = performance.now();
      if (line === undefined) return deliver(id, { error: toCrossing(notLoaded(model)), tookMs: 0 });
      askModel(model, inputs, subject, (reply) => {
        const tookMs = performance.now() - startMs;
        if (reply.kind === "failed") deliver(id, { error: reply.error, tookMs });
        else deliver(id, { outputs: reply.kind === "ran" ? reply.outputs : {}, tookMs });
      });
    },
    run: (model, inputs) =>
      new Promise((resolve, reject) => {
        if (line === undefined) return reject(notLoaded(model));
        askModel(model, inputs, undefined, (reply) => (reply.kind === "failed" ? reject(fromCrossing(reply.error)) : resolve(reply.kind === "ran" ? reply.outputs : {})));
      }),
  };
}

const notLoaded = (model: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is not loaded`);
