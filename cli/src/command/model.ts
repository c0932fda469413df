/** `holon model list|show|register` */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { freeInputs, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { decodeParameters } from "@holon/core/model/parameters.ts";
import { parameterCount } from "@holon/core/model/weights.ts";
import { modelDocumentSchema, type ModelDocument } from "@holon/core/schema/model.ts";
import { z } from "zod";
import { doneSchema, type Client } from "../client.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";

export const modelRowSchema = z.object({ version: z.string(), registeredAt: z.string(), document: modelDocumentSchema });
export type ModelRow = z.infer<typeof modelRowSchema>;
const modelRows = (client: Client): Promise<readonly ModelRow[]> => listAll(client, "/v1/models", "models", modelRowSchema);

export async function listModels(client: Client, json: boolean): Promise<void> {
  const models = await modelRows(client);
  if (json) return void process.stdout.write(`${JSON.stringify(models)}\n`);
  const rows = models.map(({ version, registeredAt, document: { name, metrics, lineage, licence } }) => [name, version, lineage.method, lineage.parent ?? "-", figure(metrics["sizeBytes"]), figure(metrics["accuracy"]), figure(metrics["latencyUsP50"]), licence, registeredAt]);
  process.stdout.write(rows.length === 0 ? "no models\n" : `${printTable(["MODEL", "VERSION", "METHOD", "PARENT", "BYTES", "ACCURACY", "LATENCY US", "LICENCE", "REGISTERED"], rows)}\n`);
}

const figure = (value: number | undefined): string => (value === undefined ? "-" : String(value));

export async function showModel(client: Client, which: string, json: boolean): Promise<void> {
  const row = await findModel(client, which);
  process.stdout.write(`${JSON.stringify(row, undefined, json ? undefined : 2)}\n`);
}

/** By version, by the beginning of one, or the newest of a name. `HOLON_MODEL_MISSING`. */
export async function findModel(client: Client, which: string): Promise<ModelRow> {
  const models = await modelRows(client);
  const found = models.findLast(({ document }) => document.name === which) ?? (which.length >= 4 ? models.find(({ version }) => version.startsWith(which)) : undefined);
  if (found === undefined) throw new HolonError("HOLON_MODEL_MISSING", `no model or version ${which} is registered`);
  return found;
}

export interface RegisterOptions {
  readonly name?: string;
  readonly licence: string;
  readonly parameters?: string;
  readonly metric?: readonly string[];
  readonly json?: boolean;
}

export async function registerModel(client: Client, file: string, { name = basename(file, extname(file)), licence, parameters, metric = [], json }: RegisterOptions): Promise<void> {
  const graph = await readModelFile(file);
  const fitted = parameters === undefined ? undefined : await readModelFile(parameters);
  const metrics = Object.fromEntries(metric.map(parseMetric));
  const row = await putModel(client, { name, licence, graph, parameters: fitted, metrics, lineage: { method: "registered" } });
  process.stdout.write(json === true ? `${JSON.stringify(row)}\n` : `registered ${row.document.name} ${row.version}\n`);
}

export interface NewModel extends Pick<ModelDocument, "name" | "licence" | "metrics" | "lineage"> {
  readonly graph: Uint8Array;
  readonly parameters?: Uint8Array | undefined;
}

/** Uploads what a version is made of and registers it. */
export async function putModel(client: Client, { graph, parameters, metrics, ...told }: NewModel): Promise<ModelRow> {
  const parsed = readOnnx(graph, told.name);
  const bound = parameters === undefined ? {} : decodeParameters(parameters, told.name).fitted.parameters;
  const put = async (content: Uint8Array): Promise<string> => {
    const hash = createHash("sha256").update(content).digest("hex");
    await client.send("PUT", `/v1/blobs/${hash}`, content, doneSchema);
    return hash;
  };
  const document = modelDocumentSchema.safeParse({
    apiVersion: "holon/v1",
    kind: "Model",
    ...told,
    graph: await put(graph),
    ...(parameters === undefined ? {} : { parameters: await put(parameters) }),
    inputs: freeInputs(parsed).filter(({ name }) => !Object.hasOwn(bound, name)).map(toValue),
    outputs: parsed.outputs.map(toValue),
    metrics: { sizeBytes: graph.length, parameters: parameterCount(parsed), ...metrics },
  });
  if (!document.success) throw new HolonError("HOLON_ARGUMENT_BAD", `the model does not fit: ${z.prettifyError(document.error).replaceAll("\n", "; ")}`);
  return client.send("POST", "/v1/models", document.data, modelRowSchema);
}

const toValue = ({ name, shape }: OnnxValue) => ({ name, shape: [...shape] });

function parseMetric(text: string): [string, number] {
  const [, name = "", value = ""] = /^([A-Za-z]\w*)=(-?[\d.]+(?:e-?\d+)?)$/.exec(text) ?? [];
  if (name === "") throw new HolonError("HOLON_ARGUMENT_BAD", `--metric is like accuracy=0.98, not ${text}`);
  return [name, Number(value)];
}

async function readModelFile(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${path} cannot be read`, { cause, next: "Give the path of an ONNX file." });
  });
}
