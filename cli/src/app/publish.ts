/** Turns a manifest into what control keeps: each file becomes a blob, each function says itself what it handles and emits. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { boundWasmMemory } from "@holon/core/run/wasm-memory.ts";
import { shapesProblem } from "@holon/core/model/declared-shapes.ts";
import type { OnnxGraph } from "@holon/core/model/onnx-graph.ts";
import { tellingProblems } from "@holon/core/reduce/declared.ts";
import { appDocumentSchema, type AppDocument, type AppManifest } from "@holon/core/schema/app.ts";
import { sealedAs } from "@holon/core/seal/names.ts";
import { cascadeProblem, endOf } from "@holon/core/schema/model-use.ts";
import { bundleFunction } from "@holon/platform/bundle.ts";
import { readImageFile } from "@holon/platform/image/file.ts";
import type { LoadedManifest } from "./load.ts";

export interface Publication {
  readonly document: AppDocument;
  /** Content of each blob by its hash. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export interface Sealing {
  /** In place of what the manifest says. */
  readonly sealTo?: readonly string[] | undefined;
  /** Of the publisher, for the sites that it comes to. */
  readonly sealer?: ((sites: readonly string[]) => Promise<(plain: Uint8Array, of: string) => Uint8Array>) | undefined;
}

/** `HOLON_UNIT_BAD`, `HOLON_MODEL_NOT_ONNX`, `HOLON_APP_BAD`, `HOLON_SEAL_KEY_MISSING`. */
export async function publish({ manifest: written, folder, path }: LoadedManifest, { sealTo = written.sealTo, sealer }: Sealing = {}): Promise<Publication> {
  const { sealTo: _, ...rest } = written;
  const manifest: AppManifest = { ...rest, ...(sealTo === undefined ? {} : { sealTo: [...new Set(sealTo)].sort() }) };
  const seal = await sealer?.(manifest.sealTo ?? []);
  if (manifest.sealTo !== undefined && seal === undefined) throw new HolonError("HOLON_SEAL_KEY_MISSING", `${path} is to be sealed to ${manifest.sealTo.join(", ")}, and no publisher who trusts their keys deploys it`, { next: "Deploy it with --publisher FOLDER." });
  const blobs = new Map<string, Uint8Array>();
  const keep = (plain: Uint8Array, kind: "function" | "model", name: string): string => {
    const content = manifest.sealTo === undefined || seal === undefined ? plain : seal(plain, sealedAs(manifest, kind, name));
    const hash = createHash("sha256").update(content).digest("hex");
    blobs.set(hash, content);
    return hash;
  };
  const models: unknown[] = [];
  const graphs = new Map<string, OnnxGraph>();
  for (const model of manifest.models) {
    const file = resolve(folder, model.graph);
    const graph = await readGraph(file, path);
    try {
      const read = readOnnx(graph, model.name);
      graphs.set(model.name, read);
      refuseManyInputs(model, read, path);
    } catch (cause) {
      if (!(cause instanceof HolonError)) throw cause;
      throw new HolonError(cause.code, `${file}: ${cause.message}`, { cause });
    }
    models.push({ ...model, graph: keep(graph, "model", model.name) });
  }
  const problem = cascadeProblem(manifest.models);
  if (problem !== undefined) throw new HolonError("HOLON_APP_BAD", `${path}: ${problem}`, { next: "Name in `cascade.above` or `split.above` a model of the app that has `answers: { tier }`." });
  const functions: unknown[] = [];
  for (const { module, on, emits, uses, ...fn } of manifest.functions) {
    const runtime = fn.runtime ?? (module.endsWith(".wasm") ? "wasm" : undefined);
    if (runtime === "image" && fn.unconfined === true) throw new HolonError("HOLON_APP_BAD", `${path}: function ${fn.name} is an image, which is never started unconfined`, { next: "Take `unconfined` out." });
    if (runtime === "wasm" || runtime === "process" || runtime === "image") {
      if (on === undefined || emits === undefined) throw new HolonError("HOLON_APP_BAD", `${path}: function ${fn.name} (${runtime}) cannot say itself what it is for`, { next: "Give it `on` and `emits` in the manifest." });
      if (runtime === "wasm" && (fn.secrets ?? []).length > 0) throw new HolonError("HOLON_APP_BAD", `${path}: function ${fn.name} is WebAssembly, which is given no secrets`, { next: "Take `secrets` out, or write the function as a module or a process." });
      const code = runtime === "image" ? await readImageFile(resolve(folder, module), `${path}: the image of function ${fn.name}`) : await readFunction(resolve(folder, module), path);
      if (runtime === "wasm") boundWasmMemory(fn.name, code, (fn.memoryBytesMax ?? limits.unitMemoryBytes) / wasmPageBytes);
      functions.push({ ...fn, runtime, code: keep(code, "function", fn.name), on, emits, models: uses ?? [] });
      continue;
    }
    if (on !== undefined || emits !== undefined || uses !== undefined) throw new HolonError("HOLON_APP_BAD", `${path}: function ${fn.name} says itself what it is for`, { next: "Take `on`, `emits` and `uses` out of the manifest; they stand in its defineFunction." });
    const { code, definition } = await bundleFunction(resolve(folder, module), runtime === "worker" ? runtime : undefined);
    for (const [name, shapes] of Object.entries(definition.modelShapes ?? {})) {
      const [graph, end] = [graphs.get(name), graphs.get(endOf(manifest.models, name))];
      const unfit = graph === undefined ? undefined : shapesProblem(shapes, { ...graph, outputs: end?.outputs ?? graph.outputs });
      if (unfit !== undefined) throw new HolonError("HOLON_APP_BAD", `${path}: model ${name}, as function ${fn.name} declares it, ${unfit}`, { next: "Mend the defineModel, or bring the graph that it was written for." });
    }
    functions.push({ ...fn, code: keep(code, "function", fn.name), on: definition.on, emits: definition.emits, models: definition.models });
  }
  const parsed = appDocumentSchema.safeParse({ ...manifest, functions, models });
  if (!parsed.success) throw new HolonError("HOLON_APP_BAD", `${path} does not fit: ${parsed.error.issues[0]?.message ?? ""}`, { cause: parsed.error });
  const [telling] = tellingProblems(parsed.data);
  if (telling !== undefined) throw new HolonError("HOLON_APP_BAD", `${path}: ${telling}`);
  return { document: parsed.data, blobs };
}

/** A gate and a monitor are over rows of one input. */
function refuseManyInputs({ name, cascade, split, drift, answers }: AppManifest["models"][number], { inputs, constants }: OnnxGraph, path: string): void {
  if (cascade === undefined && split === undefined && drift === undefined && answers === undefined) return;
  const given = inputs.filter((input) => !constants.some((constant) => constant.name === input.name));
  if (given.length !== 1) throw new HolonError("HOLON_APP_BAD", `${path}: model ${name} takes ${given.length} inputs; one that has \`cascade\`, \`split\`, \`drift\` or \`answers\` takes one`);
}

const wasmPageBytes = 64 << 10;

const readGraph = (path: string, manifest: string): Promise<Uint8Array> => readNamed(path, manifest, "model");
const readFunction = (path: string, manifest: string): Promise<Uint8Array> => readNamed(path, manifest, "function's");

async function readNamed(path: string, manifest: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HolonError("HOLON_APP_BAD", `${manifest} names the ${what} file ${path}, which cannot be read`, { cause });
  }
}
