/**
 * A sandbox's end of its line to the model worker. It sleeps until the bell rings, not in its event loop: one wake-up in place
 * of two. (Looking at the bell for a moment before sleep made it slower: where cores are few, that keeps the model's thread
 * from running.) The sandbox has nothing else to do meanwhile.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import type { Tensors } from "@holon/core/ports.ts";
import type { CrossingError } from "@holon/core/run/crossing.ts";
import type { HostModels } from "@holon/core/run/host.ts";
import { takeAnswer } from "./answer.ts";
import { compact, type ModelLine, type ModelReply, type ModelRequest } from "./protocol.ts";

export function createModelLink({ port, bell, answer }: ModelLine, fromCrossing: (error: CrossingError) => Error): HostModels {
  let lastId = 0;
  const send = (request: ModelRequest): void => port.postMessage(request);
  return {
    bind: (model, subject, parameters) => send({ kind: "bind", model, subject, parameters }),
    async run(model, inputs, subject) {
      const id = ++lastId;
      const seen = Atomics.load(bell, 0);
      send({ kind: "run", id, model, inputs: compactAll(inputs), subject });
      const reply = waitForReply(id, seen);
      if (!("kind" in reply)) return reply.outputs;
      if (reply.kind === "failed") throw fromCrossing(reply.error);
      return reply.kind === "ran" ? reply.outputs : {};
    },
  };

  /** The thread that owns the sandbox ends it if the answer never comes. */
  function waitForReply(id: number, rung: number): ModelReply | { readonly outputs: Tensors } {
    let seen = rung;
    for (;;) {
      Atomics.wait(bell, 0, seen);
      seen = Atomics.load(bell, 0);
      const outputs = answer === undefined ? undefined : takeAnswer(answer, id);
      if (outputs !== undefined) return { outputs };
      for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
        const reply = received.message as ModelReply;
        if (reply.id === id) return reply;
      }
    }
  }
}

const compactAll = (inputs: Tensors): Tensors => {
  const compacted: Record<string, Tensors[string]> = {};
  for (const name of Object.keys(inputs)) {
    const tensor = inputs[name];
    if (tensor !== undefined) compacted[name] = tensor.values instanceof Float32Array ? { shape: tensor.shape, values: compact(tensor.values) } : tensor;
  }
  return compacted;
};
