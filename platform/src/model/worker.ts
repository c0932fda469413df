/**
 * The one thread of a process in which models run. An inference blocks its thread, and here that is nobody else's.
 * Each user has a line of its own with its own names and bound parameters; users of one graph share its session.
 */
import { createHash } from "node:crypto";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { checkElementTypes, chooseInputs } from "@holon/core/model/inputs.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Tensors } from "@holon/core/ports.ts";
import { toCrossing } from "@holon/core/run/crossing.ts";
import { layAnswer } from "./answer.ts";
import { createBatcher } from "./batch.ts";
import type { ModelLine, ModelReply, ModelRequest, ModelWorkerSetup, QuickModel } from "./protocol.ts";
import { loadModelRuntime, nativeName, type ModelRuntime } from "./runtime.ts";
import { createSessions, type SharedModel } from "./sessions.ts";

/** A model as one line knows it. */
interface LineModel {
  readonly name: string;
  readonly shared: SharedModel;
  readonly parametersBySubject: Map<string, Tensors>;
}

const { wasmOnly, sessionBytesMax, batch } = workerData as ModelWorkerSetup;
/** Loaded at the first model: it takes time and memory that a node without models does not spend. */
let loading: Promise<ModelRuntime> | undefined;
const runtime = (): Promise<ModelRuntime> => (loading ??= loadModelRuntime(wasmOnly));
const sessions = createSessions(runtime, sessionBytesMax);
const batcher = createBatcher(sessions, runtime, batch);
const nothing: Tensors = {};

const ports = new Set<MessagePort>();

parentPort?.on("message", (message: ModelLine | "end") => {
  if (message === "end") void end();
  else serve(message);
});

/** The thread ends by itself when nothing is left: ended from outside in the midst of a call of the native library, it would take the process along. */
async function end(): Promise<void> {
  batcher.stop();
  for (const port of ports) port.close();
  await sessions.close();
  parentPort?.close();
}

function serve({ port, bell, answer }: ModelLine): void {
  const models = new Map<string, LineModel>();
  ports.add(port);
  let sealed = false;
  let isClosed = false;
  const reply = (message: ModelReply): void => {
    const isLaid = message.kind === "ran" && answer !== undefined && layAnswer(answer, message.id, message.outputs);
    if (!isLaid) port.postMessage(message);
    Atomics.add(bell, 0, 1);
    Atomics.notify(bell, 0);
  };

  async function load({ id, model: name, graph }: Extract<ModelRequest, { kind: "load" }>): Promise<ModelReply> {
    if (sealed) throw new HolonError("HOLON_INTERNAL", `model ${name}: this line takes no more models`);
    const parsed = readOnnx(graph, name);
    checkElementTypes(parsed, name);
    const shared = await sessions.acquire(createHash("sha256").update(graph).digest("hex"), parsed, graph, name);
    if (isClosed) sessions.release(shared);
    else models.set(name, { name, shared, parametersBySubject: new Map() });
    const quick = quickOf(shared, graph, await runtime());
    return { kind: "loaded", id, names: { inputs: shared.inputs.map((input) => input.name), outputs: shared.outputs, ...(quick === undefined ? {} : { quick }) } };
  }

  function run({ id, model: name, inputs, subject }: Extract<ModelRequest, { kind: "run" }>): void {
    const model = models.get(name);
    if (model === undefined) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${name} is not loaded`);
    const bound = subject === undefined ? undefined : model.parametersBySubject.get(subject);
    const chosen = chooseInputs(model.shared.inputs, inputs, bound ?? nothing, name);
    batcher.add({
      model: model.shared,
      name,
      inputs: chosen,
      bound,
      rows: rowsOf(model.shared, inputs),
      done: (outputs) => reply({ kind: "ran", id, outputs }),
      failed: (error) => reply({ kind: "failed", id, error: toCrossing(error) }),
    });
  }

  port.on("message", (request: ModelRequest) => {
    if (request.kind === "seal") {
      sealed = true;
      return;
    }
    if (request.kind === "bind") {
      models.get(request.model)?.parametersBySubject.set(request.subject, Object.keys(request.parameters).length === 0 ? nothing : request.parameters);
      return;
    }
    const { id } = request;
    const failed = (error: unknown): void => reply({ kind: "failed", id, error: toCrossing(error) });
    if (request.kind === "status") return reply({ kind: "status", id, status: sessions.status() });
    if (request.kind === "load") return void load(request).then(reply, failed);
    try {
      run(request);
    } catch (error) {
      failed(error);
    }
  });
  port.on("close", () => {
    isClosed = true;
    ports.delete(port);
    for (const { shared } of models.values()) sessions.release(shared);
    models.clear();
  });
}

/** Where an accelerator runs models, and where WebAssembly does, all stay here: another thread has neither. */
function quickOf({ hash, inputs, outputs, runMs }: SharedModel, graph: Uint8Array, { name, providers }: ModelRuntime): QuickModel | undefined {
  if (name !== nativeName || providers[0] !== "cpu" || graph.length > limits.modelHereGraphBytesMax) return undefined;
  return runMs === undefined || runMs > limits.modelHereMsMax ? undefined : { hash, inputs, outputs, runMs };
}

/** The rows that a call brings, if they may be run with those of other calls. */
function rowsOf(model: SharedModel, inputs: Tensors): number | undefined {
  const names = Object.keys(inputs);
  if (names.length === 0 || !model.isRowWise(names)) return undefined;
  return inputs[names[0] ?? ""]?.shape[0];
}
