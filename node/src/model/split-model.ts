/**
 * Where a model is cut between the nodes of a way up, and its parts: layers are weighed by the time that they take here, or where that is too short to be told from what any run costs by their
 * arithmetic; what crosses by what a row makes of it; and the best cut is found by `core/src/placement/cut-chain.ts`. The parts are held against the whole on the rows that were given.
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
  /** Up to so many cuts are made, for a plan to choose from: the best, and those where less crosses than anywhere before. Without it the best alone. */
  readonly cutsMax?: number | undefined;
  /** Of several cuts: rows may go up as they are, before anything is done with them. */
  readonly rowsMayLeave?: boolean | undefined;
}

export interface SplitReport {
  /** Where it may be cut, with what a row takes there: bytes that cross, and the part of the work that is done before. */
  readonly points: readonly { readonly value: string; readonly bytes: number; readonly share: number; /** With one cut, here, between the first place and the next. */ readonly alone: ChainPlan }[];
  /** Of a row as it is, and of an answer. */
  readonly rowBytes: number;
  readonly answerBytes: number;
  /** Milliseconds of a row, here. */
  readonly wholeMs: number;
  /** What the shares rest on: heads that were run here, or operations. */
  readonly layers: "measured" | "estimated";
  readonly plan: ChainPlan;
  /** All of it where the rows are; and all of it at the last place, where rows would go as they are. */
  readonly whole: { readonly here: ChainPlan; readonly above: ChainPlan };
  /** Of each part the value that it ends with, the last: the answer; the place that it is best run at; and of a row the milliseconds here and the bytes that leave it. */
  readonly parts: readonly { readonly place: string; readonly ends: string; readonly ms: number; readonly bytes: number }[];
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
  const wholeMs = await measured(model, bytes, rowsOf(data, 0, 1), nowMs);
  const layers = await layersOf({ model, nowMs }, graph, points, seen, rowsOf(data, 0, 1), wholeMs);
  const chain: Chain = {
    ...question,
    bytes: [seen.bytesOf(input.name), ...points.map(({ value }) => seen.bytesOf(value)), seen.bytesOf(graph.outputs[0]?.name ?? "")],
    cuts: points.map((_, index) => index + 1),
    nodes: question.places.map(({ name, wholeMs: own = wholeMs, perProcessorHour }) => ({ name, perProcessorHour, layerMs: layers.shares.map((share) => own * share) })),
  };
  const plan = cheapestCut(chain);
  if (plan === undefined) throw new HolonError("HOLON_PLACEMENT_UNMET", `no cut of model ${graph.name} answers within ${question.latencyMsMax ?? 0} ms from ${question.places[0]?.name ?? ""}`);
  const ends = question.cutsMax === undefined ? plan.ends : endsToChoose(chain, plan, question.cutsMax);
  const made = [...(question.rowsMayLeave === true && question.cutsMax !== undefined ? [asItIs(graph, input, rowsOf(data, 0, 1))] : []), ...partsOf(graph, points, ends, seen)];
  const compared = await compare(model, bytes, made.map((part) => part.graph), data);
  const doneBy = (end: number): number => sum(layers.shares.slice(0, end));
  const placeOf = (end: number): string => question.places[plan.ends.findIndex((one) => end <= one)]?.name ?? question.places.at(-1)?.name ?? "";
  const report: SplitReport = {
    points: points.map(({ value }, index) => ({ value, bytes: seen.bytesOf(value), share: doneBy(index + 1), alone: costOfCut(chain, [index + 1]) })),
    rowBytes: chain.bytes[0] ?? 0,
    answerBytes: chain.bytes.at(-1) ?? 0,
    wholeMs,
    layers: layers.source,
    plan,
    whole: { here: costOfCut(chain, question.places.slice(1).map(() => chain.bytes.length - 1)), above: costOfCut(chain, question.places.slice(1).map(() => 0)) },
    parts: made.map(({ end, ends: value }, index) => ({ place: placeOf(end), ends: value, ms: wholeMs * (doneBy(end) - doneBy(made[index - 1]?.end ?? 0)), bytes: chain.bytes[end] ?? 0 })),
    ...compared,
  };
  return { graphs: made.map((part) => part.graph), report };
}

/** The best, and those that let less through than the row and each cut before: behind one that lets no more through, more would be done for nothing. The narrowest first, where there are too many. */
function endsToChoose({ bytes, cuts }: Chain, { ends }: ChainPlan, cutsMax: number): readonly number[] {
  const layers = bytes.length - 1;
  const best = ends.filter((end) => end > 0 && end < layers);
  let least = bytes[0] ?? 0;
  const narrower = cuts.filter((cut) => {
    const isNarrower = (bytes[cut] ?? 0) < least;
    if (isNarrower) least = bytes[cut] ?? 0;
    return isNarrower;
  });
  const chosen = [...new Set([...best, ...narrower.toSorted((a, b) => (bytes[a] ?? 0) - (bytes[b] ?? 0))])].slice(0, cutsMax);
  return chosen.sort((a, b) => a - b);
}

const layersTimedMax = 16;

/** Of all the work, the part of each layer. */
async function layersOf({ model, nowMs }: { readonly model: Model; nowMs(): number }, graph: OnnxGraph, points: readonly CutPoint[], seen: Seen, row: Tensor, wholeMs: number): Promise<{ readonly shares: readonly number[]; readonly source: SplitReport["layers"] }> {
  const operations = graph.nodes.map((node) => operationsOf(node, seen.shapeOf));
  const done = [...points.map(({ nodes }) => nodes), graph.nodes.length].map((end) => sum(operations.slice(0, end)));
  const all = done.at(-1) ?? 1;
  const estimated = { shares: done.map((each, index) => (each - (done[index - 1] ?? 0)) / all), source: "estimated" } as const;
  const [input] = freeInputs(graph);
  const anyRunMs = input === undefined ? wholeMs : await measured(model, asItIs(graph, input, row).graph, row, nowMs);
  // What any run costs says nothing of layers.
  if (!(wholeMs > 2 * anyRunMs)) return estimated;
  const timed: { readonly at: number; readonly ms: number }[] = [];
  const every = Math.max(1, Math.ceil(points.length / layersTimedMax));
  for (const [index, point] of points.entries()) {
    if (index % every !== 0) continue;
    const { head } = cutGraph(graph, point, seen.shapeOf(point.value)?.slice(1) ?? []);
    timed.push({ at: index, ms: (await measured(model, writeOnnx(head), row, nowMs)) - anyRunMs });
  }
  // A head takes no less than one that ends before it, and no more than the whole. Between two that were timed it goes by arithmetic.
  const risen: { at: number; share: number; work: number }[] = [{ at: -1, share: 0, work: 0 }];
  for (const { at, ms } of [...timed, { at: points.length, ms: wholeMs - anyRunMs }]) risen.push({ at, share: Math.min(1, Math.max(risen.at(-1)?.share ?? 0, ms / (wholeMs - anyRunMs))), work: done[at] ?? all });
  const upTo = done.map((work, index) => {
    const next = risen.findIndex(({ at }) => at >= index);
    const [before, after] = [risen[next - 1], risen[next]];
    if (before === undefined || after === undefined) return 1;
    return before.share + (after.work === before.work ? 1 : (work - before.work) / (after.work - before.work)) * (after.share - before.share);
  });
  return { shares: upTo.map((each, index) => each - (upTo[index - 1] ?? 0)), source: "measured" };
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
  /** Layers up to its end. */
  readonly end: number;
  readonly ends: string;
  readonly graph: Uint8Array;
}

/** A place that does nothing has no part: what comes to it goes on. */
function partsOf(graph: OnnxGraph, points: readonly CutPoint[], cuts: readonly number[], seen: Seen): readonly Part[] {
  const parts: Part[] = [];
  let rest = graph;
  let done = 0;
  for (const end of cuts) {
    if (end === done || end > points.length) continue;
    const { value } = points[end - 1] ?? { value: "" };
    const point = cutPoints(rest).find((one) => one.value === value);
    if (point === undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} is not cut at ${value} once it was cut before`);
    const { head, tail } = cutGraph(rest, point, seen.shapeOf(value)?.slice(1) ?? []);
    parts.push({ end, ends: value, graph: writeOnnx(head) });
    [rest, done] = [tail, end];
  }
  return [...parts, { end: points.length + 1, ends: graph.outputs[0]?.name ?? "", graph: writeOnnx(rest) }];
}

/** A head that does nothing: rows go on as they are. */
function asItIs(graph: OnnxGraph, input: OnnxGraph["inputs"][number], row: Tensor): Part {
  const name = `${input.name}-as-it-is`;
  const head: OnnxGraph = { ...graph, name: `${graph.name}-rows`, constants: [], inputs: [input], nodes: [{ operator: "Identity", domain: "", inputs: [input.name], outputs: [name], attributes: {} }], outputs: [{ name, elementType: elementTypes.float32, shape: ["rows", ...row.shape.slice(1)] }] };
  return { end: 0, ends: name, graph: writeOnnx(head) };
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
