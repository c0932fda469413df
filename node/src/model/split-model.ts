/**
 * Where a model is cut between the nodes of a way up, and its parts: layers are weighed by their arithmetic, what crosses by what a row makes of it, and the best cut is found by
 * `core/src/placement/cut-chain.ts`. The parts are held against the whole on the rows that were given.
 */
import { HolonError } from "@holon/core/errors.ts";
import { cutGraph, cutPoints, operationsOf, type CutPoint } from "@holon/core/model/cut.ts";
import { elementTypes, freeInputs, type OnnxGraph } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { packTensor } from "@holon/core/model/packed.ts";
import type { Model, ModelSession, Tensor } from "@holon/core/ports.ts";
import { cheapestCut, costOfCut, type Chain, type ChainPlan, type ChainWay } from "@holon/core/placement/cut-chain.ts";
import { rowsOf, type Labelled } from "./labelled.ts";

export interface SplitPlace {
  readonly name: string;
  /** Milliseconds of the whole model for one row there; undefined: as long as it takes here. */
  readonly wholeMs?: number | undefined;
  readonly perProcessorHour: number;
}

export interface SplitQuestion {
  /** From where the rows are, up. */
  readonly places: readonly SplitPlace[];
  readonly ways: readonly ChainWay[];
  readonly rowsPerMonth: number;
  readonly perMillisecond: number;
  readonly latencyMsMax?: number | undefined;
}

export interface SplitReport {
  /** Where it may be cut, with what a row takes there: bytes that cross, and the part of the work that is done before. */
  readonly points: readonly { readonly value: string; readonly bytes: number; readonly share: number; /** With one cut, here, between the first place and the next. */ readonly alone: ChainPlan }[];
  /** Of a row as it is, and of an answer. */
  readonly rowBytes: number;
  readonly answerBytes: number;
  /** Milliseconds of a row, here. */
  readonly wholeMs: number;
  readonly plan: ChainPlan;
  /** Of each place that has something to do, the value that its part ends with; the last: the answer. */
  readonly parts: readonly { readonly place: string; readonly ends: string }[];
  /** Largest difference between an answer of the parts and of the whole, of rows that were tried. */
  readonly difference: number;
  readonly rows: number;
}

export interface Split {
  readonly graphs: readonly Uint8Array[];
  readonly report: SplitReport;
}

const timedRuns = 40;
const triedRows = 256;
/** The same arithmetic in the same order, as far as a runtime keeps to it. */
const differenceMax = 1e-4;

/** `HOLON_MODEL_UNSUPPORTED` for what has no cut, `HOLON_PLACEMENT_UNMET` where none keeps the bound. */
export async function splitModel({ model, nowMs }: { readonly model: Model; nowMs(): number }, bytes: Uint8Array, data: Labelled, question: SplitQuestion): Promise<Split> {
  const graph = readOnnx(bytes, "to split");
  const points = cutPoints(graph);
  const [input, ...more] = freeInputs(graph);
  if (input === undefined || more.length > 0 || graph.outputs.length !== 1) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} takes ${more.length + 1} inputs and gives ${graph.outputs.length}: one that is split takes one and gives one`);
  if (points.length === 0) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} has no value that alone leads from one part to the rest`, { next: "Leave it whole, or place it by `needs`." });
  const seen = await seenOf(model, graph, points, rowsOf(data, 0, 1));
  const operations = graph.nodes.map((node) => operationsOf(node, seen.shapeOf));
  const layers = [...points.map(({ nodes }) => nodes), graph.nodes.length].map((end, index) => sum(operations.slice(points[index - 1]?.nodes ?? 0, end)));
  const all = sum(layers);
  const wholeMs = await measured(model, bytes, rowsOf(data, 0, 1), nowMs);
  const chain: Chain = {
    ...question,
    bytes: [seen.bytesOf(input.name), ...points.map(({ value }) => seen.bytesOf(value)), seen.bytesOf(graph.outputs[0]?.name ?? "")],
    cuts: points.map((_, index) => index + 1),
    nodes: question.places.map(({ name, wholeMs: own = wholeMs, perProcessorHour }) => ({ name, perProcessorHour, layerMs: layers.map((layer) => (own * layer) / all) })),
  };
  const plan = cheapestCut(chain);
  if (plan === undefined) throw new HolonError("HOLON_PLACEMENT_UNMET", `no cut of model ${graph.name} answers within ${question.latencyMsMax ?? 0} ms from ${question.places[0]?.name ?? ""}`);
  const made = partsOf(graph, points, plan, question.places, seen);
  const compared = await compare(model, bytes, made.map((part) => part.graph), data);
  const report: SplitReport = {
    points: points.map(({ value }, index) => ({ value, bytes: seen.bytesOf(value), share: sum(layers.slice(0, index + 1)) / all, alone: costOfCut(chain, [index + 1]) })),
    rowBytes: chain.bytes[0] ?? 0,
    answerBytes: chain.bytes.at(-1) ?? 0,
    wholeMs,
    plan,
    parts: made.map(({ place, ends }) => ({ place, ends })),
    ...compared,
  };
  return { graphs: made.map((part) => part.graph), report };
}

interface Seen {
  shapeOf(name: string): readonly number[] | undefined;
  /** As it crosses a link. */
  bytesOf(name: string): number;
}

/** What one row makes of the values where it may be cut, and of those that heavy layers take and give. */
async function seenOf(model: Model, graph: OnnxGraph, points: readonly CutPoint[], row: Tensor): Promise<Seen> {
  const heavy = graph.nodes.filter(({ operator }) => ["MatMul", "Gemm", "Conv", "MaxPool", "AveragePool"].includes(operator)).flatMap(({ inputs, outputs }) => [inputs[0] ?? "", ...outputs]);
  const known = new Set([...graph.outputs, ...graph.inputs, ...graph.constants].map(({ name }) => name));
  const wanted = [...new Set([...points.map(({ value }) => value), ...heavy])].filter((name) => name !== "" && !known.has(name));
  const watched = { ...graph, outputs: [...graph.outputs, ...wanted.map((name) => ({ name, elementType: elementTypes.float32, shape: [] }))] };
  const [input = ""] = freeInputs(graph).map(({ name }) => name);
  const values = await withSession(model, writeOnnx(watched), (session) => session.run({ [input]: row }));
  const shapes = new Map<string, readonly number[]>([...graph.constants.map(({ name, shape }) => [name, shape] as const), [input, row.shape], ...Object.entries(values).map(([name, { shape }]) => [name, shape] as const)]);
  return {
    shapeOf: (name) => shapes.get(name),
    bytesOf(name) {
      const value = name === input ? row : values[name];
      return value === undefined ? 0 : packTensor(value).values.length;
    },
  };
}

interface Part {
  readonly place: string;
  readonly ends: string;
  readonly graph: Uint8Array;
}

/** A place that does nothing has no part: what comes to it goes on. */
function partsOf(graph: OnnxGraph, points: readonly CutPoint[], { ends }: ChainPlan, places: readonly SplitPlace[], seen: Seen): readonly Part[] {
  const parts: Part[] = [];
  let rest = graph;
  let done = 0;
  for (const [index, { name }] of places.entries()) {
    const end = ends[index] ?? points.length + 1;
    if (end === done) continue;
    if (end > points.length) return [...parts, { place: name, ends: graph.outputs[0]?.name ?? "", graph: writeOnnx(rest) }];
    const { value } = points[end - 1] ?? { value: "" };
    const point = cutPoints(rest).find((one) => one.value === value);
    if (point === undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} is not cut at ${value} once it was cut before`);
    const { head, tail } = cutGraph(rest, point, seen.shapeOf(value)?.slice(1) ?? []);
    parts.push({ place: name, ends: value, graph: writeOnnx(head) });
    [rest, done] = [tail, end];
  }
  return parts;
}

async function compare(model: Model, whole: Uint8Array, parts: readonly Uint8Array[], data: Labelled): Promise<{ readonly difference: number; readonly rows: number }> {
  const rows = Math.min(triedRows, data.labels.length);
  const given = rowsOf(data, 0, rows);
  const expected = await through(model, [whole], given);
  const found = await through(model, parts, given);
  let difference = 0;
  for (const [index, value] of expected.values.entries()) difference = Math.max(difference, Math.abs(value - (found.values[index] ?? Number.POSITIVE_INFINITY)) / Math.max(1, Math.abs(value)));
  if (!(difference <= differenceMax)) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `the parts of the model answer otherwise than the whole: by ${difference} on ${rows} rows`);
  return { difference, rows };
}

async function through(model: Model, graphs: readonly Uint8Array[], rows: Tensor): Promise<Tensor> {
  let value = rows;
  for (const graph of graphs) {
    value = await withSession(model, graph, async (session) => {
      const [input = ""] = session.inputs;
      const [output = ""] = session.outputs;
      return (await session.run({ [input]: value }))[output] ?? value;
    });
  }
  return value;
}

async function measured(model: Model, graph: Uint8Array, row: Tensor, nowMs: () => number): Promise<number> {
  return withSession(model, graph, async (session) => {
    const [input = ""] = session.inputs;
    const taken: number[] = [];
    for (let run = 0; run < timedRuns; run++) {
      const startMs = nowMs();
      await session.run({ [input]: row });
      taken.push(nowMs() - startMs);
    }
    return taken.sort((a, b) => a - b)[taken.length >> 1] ?? 0;
  });
}

async function withSession<T>(model: Model, graph: Uint8Array, work: (session: ModelSession) => Promise<T>): Promise<T> {
  const session = await model.load(graph, {});
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
