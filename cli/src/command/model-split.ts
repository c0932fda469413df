/** `holon model split`: where a model is best cut between the nodes from one up to another, and its parts as files with what the manifest says of them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { placementPolicySchema } from "@holon/core/schema/needs.ts";
import { splitModel, type SplitPlace, type SplitReport } from "@holon/node/model/split-model.ts";
import { createModel } from "@holon/platform/model.ts";
import type { Client } from "../client.ts";
import { knownLine, knownNodeSchema, type KnownLine } from "../model/known-line.ts";
import { readLabelled } from "../model/labelled-file.ts";
import { listAll } from "../pages.ts";
import { printTable } from "../table.ts";

export interface SplitOptions {
  readonly from: string;
  readonly to: string;
  readonly rowsPerMonth: string;
  readonly labelled: string;
  readonly labels?: string;
  readonly ms?: readonly string[];
  readonly latencyMax?: string;
  readonly cuts?: string;
  readonly rowsMayLeave?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export async function splitFile(client: Client, file: string, options: SplitOptions): Promise<void> {
  const graph = await readFile(file).catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be read`, { cause, next: "Give the path of an ONNX file." });
  });
  const { perMillisecond, staleAfterMs } = placementPolicySchema.parse({});
  const { places, ways, notes, asOfMs } = knownLine(await listAll(client, "/v1/nodes", "nodes", knownNodeSchema), { from: options.from, to: options.to, nowMs: Date.now(), staleAfterMs, wholeMs: (node) => givenMs(node, options.ms ?? []) });
  const { data } = await readLabelled(options.labelled, options.labels);
  const cutsMax = options.cuts === undefined ? undefined : countOf("--cuts", options.cuts);
  if (cutsMax === undefined && options.rowsMayLeave === true) throw new HolonError("HOLON_ARGUMENT_BAD", "--rows-may-leave is one of several ways to cut", { next: "Say with --cuts how many." });
  const latencyMsMax = options.latencyMax === undefined ? undefined : amountOf("--latency-max", options.latencyMax);
  const elsewhere = (options.ms ?? []).find((text) => !places.some(({ name }) => text.startsWith(`${name}=`)));
  if (elsewhere !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `--ms ${elsewhere} is of no node from ${options.from} to ${options.to}: those are ${places.map(({ name }) => name).join(", ")}`, { next: "Give it as NODE=MILLISECONDS." });
  const model = createModel();
  try {
    const { graphs, report } = await splitModel({ model, nowMs: () => performance.now() }, graph, data, { places, ways, rowsPerMonth: amountOf("--rows-per-month", options.rowsPerMonth), perMillisecond, cutsMax, rowsMayLeave: options.rowsMayLeave, latencyMsMax });
    const name = modelName(basename(file, extname(file)));
    const because = `${whyThere(report, places, latencyMsMax)}${asOfMs === undefined ? "" : `, by what was told as of ${isoTime(asOfMs)}`}`;
    const files = report.parts.map((part, index) => ({ ...part, name: partName(name, index, report.parts.length), tier: places.find((place) => place.name === part.place)?.tier ?? "cloud" }));
    const manifest = cutsMax === undefined ? files.map((part, index) => modelOf(part, files[index + 1]?.name, index === 0, because)) : modelsToChoose(files, places, report.wholeMs);
    const folder = resolve(options.out ?? `${name}-split`);
    if (files.length > 1) await writeParts(folder, files, graphs, manifest);
    if (options.json === true) return void process.stdout.write(`${JSON.stringify({ ...report, because, notes, models: manifest })}\n`);
    process.stdout.write(`${tableOf(report, places)}\n\n${because}\n${times[report.layers]}\n${notes.map((note) => `${note}\n`).join("")}`);
    if (files.length > 1) process.stdout.write(`on ${report.rows} rows the parts differ from the whole by ${report.difference.toExponential(1)} at most\n${folder}: ${files.map((part) => `${part.name}.onnx`).join(", ")}, and models.json for the manifest\n`);
  } finally {
    await model.close();
  }
}

/** As a manifest takes it, with room for what the parts add. */
const modelName = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "").slice(0, 40) || "model";

const times = { measured: "how long layers take was measured here", estimated: "how long layers take is estimated by their arithmetic: the whole takes hardly longer here than any run does" } as const;

function givenMs(node: string, given: readonly string[]): number | undefined {
  const own = given.find((text) => text.startsWith(`${node}=`));
  return own === undefined ? undefined : amountOf("--ms", own.slice(node.length + 1));
}

const partName = (name: string, index: number, count: number): string => (index === 0 ? `${name}-head` : index === count - 1 ? `${name}-tail` : `${name}-middle-${index}`);

function modelOf(part: { readonly name: string; readonly tier: string }, above: string | undefined, isFirst: boolean, because: string): object {
  const split = above === undefined ? {} : { split: { above, release, because } };
  return { name: part.name, graph: `models/${part.name}.onnx`, ...split, ...(isFirst ? {} : { answers: { tier: part.tier } }) };
}

/** A chain that the plan cuts: what a row takes in each part, and where the parts behind the head may stand. */
function modelsToChoose(files: readonly { readonly name: string; readonly ms: number; readonly bytes: number }[], places: KnownLine["places"], wholeMs: number): readonly object[] {
  const pace = Object.fromEntries(places.flatMap(({ tier, wholeMs: own }) => (own === undefined ? [] : [[tier, round(own / wholeMs)] as const])));
  const auto = { ms: files.map(({ ms }) => round(ms)), bytes: files.map(({ bytes }) => bytes), ...(Object.keys(pace).length === 0 ? {} : { pace }) };
  const needs = { tiers: [...new Set(places.slice(1).map(({ tier }) => tier))] };
  return files.map(({ name }, index) => {
    const above = files[index + 1]?.name;
    const split = above === undefined ? {} : { split: { above, release, ...(index === 0 ? { auto } : {}) } };
    return { name, graph: `models/${name}.onnx`, ...split, ...(index === 0 ? {} : { answers: {}, needs }) };
  });
}

const release = { class: "derived", because: "say why what the head makes of a row may leave its site" };

/** One line: where it is best cut, beside what else there is. */
function whyThere({ plan, points, whole }: SplitReport, places: readonly SplitPlace[], latencyMsMax: number | undefined): string {
  const figures = `${print(plan.latencyMs)} ms and ${print(plan.bytes)} bytes a row, ${print(plan.cost)} a month`;
  const [first, last] = [places[0]?.name ?? "", places.at(-1)?.name ?? ""];
  const isSlow = ({ latencyMs }: { readonly latencyMs: number }): boolean => latencyMsMax !== undefined && latencyMs > latencyMsMax;
  const priced = (one: SplitReport["plan"]): string => `${print(one.cost)}${isSlow(one) ? `, and takes longer than ${latencyMsMax} ms` : ""}`;
  const above = places.length > 1 ? `; rows sent as they are, and all of it on ${last}: ${priced(whole.above)}` : "";
  const cuts = plan.ends.flatMap((end, index) => (end >= 1 && end <= points.length && end !== plan.ends[index - 1] ? [`after ${points[end - 1]?.value ?? ""} on ${places[index]?.name ?? ""} (${points[end - 1]?.bytes ?? 0} bytes cross)`] : []));
  if (cuts.length === 0) return `not cut: all of it is cheapest on ${first}${places.length > 1 ? ", of what keeps the rows there" : ""}, ${figures}${above}`;
  const rest = places[plan.ends.findIndex((end) => end > points.length)]?.name ?? last;
  const cheaper = points.filter(({ alone }) => isSlow(alone) && alone.cost < plan.cost).length;
  const slow = cheaper === 0 ? "" : ` (${cheaper} that ${cheaper === 1 ? "is" : "are"} cheaper ${cheaper === 1 ? "takes" : "take"} longer than ${latencyMsMax} ms)`;
  return `cut ${cuts.join(" and ")}, the rest on ${rest}: of ${points.length} places to cut the cheapest${slow}, ${figures}; all of it on ${first}: ${priced(whole.here)}${above}`;
}

function tableOf({ points }: SplitReport, [first, second]: readonly SplitPlace[]): string {
  const rows = points.map(({ value, bytes, share, alone }) => [value, String(bytes), `${Math.round(100 * share)} %`, print(alone.latencyMs), print(alone.cost)]);
  return printTable(["CUT AFTER", "BYTES A ROW", `DONE ON ${(first?.name ?? "").toUpperCase()}`, `MS WITH THE REST ON ${(second?.name ?? "").toUpperCase()}`, "A MONTH"], rows);
}

async function writeParts(folder: string, files: readonly { readonly name: string }[], graphs: readonly Uint8Array[], manifest: readonly object[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [index, { name }] of files.entries()) await writeFile(join(folder, `${name}.onnx`), graphs[index] ?? new Uint8Array());
    await writeFile(join(folder, "models.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  } catch (cause) {
    throw new HolonError("HOLON_DISK_FAILED", `${folder} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, next: "Name another folder with --out." });
  }
}

function amountOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1e15)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a number from 0, not ${text}`);
  return value;
}

function countOf(flag: string, text: string): number {
  const value = amountOf(flag, text);
  if (!Number.isInteger(value) || value < 1 || value > limits.modelPartsMax - 2) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a whole number from 1 to ${limits.modelPartsMax - 2}, not ${text}`);
  return value;
}

const round = (value: number): number => Number(value.toPrecision(4));
const print = (value: number): string => String(Number(value.toPrecision(4)));
