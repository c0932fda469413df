/** The registry of models: versions that are registered once and never change, a part of the fold of this node's trail. */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { freeInputs, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { decodeParameters } from "@holon/core/model/parameters.ts";
import type { Crypto } from "@holon/core/ports.ts";
import type { ModelDocument } from "@holon/core/schema/model.ts";
import type { BlobHash } from "@holon/core/units.ts";

export interface KnownModel {
  readonly version: string;
  readonly document: ModelDocument;
  readonly registeredAt: string;
}

/** What the version is called: it follows from its content. */
export const versionOf = (document: ModelDocument, { sha256 }: Crypto): string => toHex(sha256(new TextEncoder().encode(canonicalJson(document)))).slice(0, 16);

export interface ModelChecks {
  readonly known: ReadonlyMap<string, KnownModel>;
  readonly blobs: { has(hash: BlobHash): Promise<boolean>; read(hash: BlobHash): Promise<Uint8Array> };
}

/** `HOLON_BLOB_MISSING`, `HOLON_MODEL_MISSING` (its parent), `HOLON_MODEL_WORSE`, `HOLON_MODEL_DOCUMENT_BAD`, or what is wrong with the graph. */
export async function checkModel(document: ModelDocument, { known, blobs }: ModelChecks): Promise<void> {
  const { name, graph, parameters, lineage } = document;
  for (const hash of [graph, ...(parameters === undefined ? [] : [parameters])]) {
    if (!(await blobs.has(hash))) throw new HolonError("HOLON_BLOB_MISSING", `model ${name} names blob ${hash}, which is not here`, { next: "Upload it with PUT /v1/blobs/{hash} first." });
  }
  if (lineage.parent !== undefined && !known.has(lineage.parent)) throw new HolonError("HOLON_MODEL_MISSING", `model ${name} says it was made from version ${lineage.parent}, which is not registered`);
  if (lineage.lostPoints !== undefined && lineage.lostPoints > (lineage.lostPointsMax ?? 0)) {
    throw new HolonError("HOLON_MODEL_WORSE", `model ${name} by ${lineage.method} loses ${lineage.lostPoints} points; ${lineage.lostPointsMax ?? 0} are allowed`);
  }
  const parsed = readOnnx(await blobs.read(graph), name);
  const bound = parameters === undefined ? {} : decodeParameters(await blobs.read(parameters), parameters).fitted.parameters;
  checkValues(name, "input", freeInputs(parsed).filter((input) => !Object.hasOwn(bound, input.name)), document.inputs);
  checkValues(name, "output", parsed.outputs, document.outputs);
}

function checkValues(model: string, what: string, has: readonly OnnxValue[], told: ModelDocument["inputs"]): void {
  const print = (values: readonly Pick<OnnxValue, "name" | "shape">[]): string => values.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
  if (print(has) !== print(told)) throw new HolonError("HOLON_MODEL_DOCUMENT_BAD", `model ${model}: its graph has the ${what}s ${print(has)}, not ${print(told)}`);
}
