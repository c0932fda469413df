/** `holon model split`: where a model is best cut between the nodes from one up to another, and its parts as files with what the manifest says of them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { placementPolicySchema } from "@holon/core/schema/needs.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";
import type { ChainWay } from "@holon/core/placement/cut-chain.ts";
import { splitModel, type SplitPlace, type SplitReport } from "@holon/node/model/split-model.ts";
import { createModel } from "@holon/platform/model.ts";
import { z } from "zod";
import type { Client } from "../client.ts";
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
  readonly out?: string;
  readonly json?: boolean;
}

const told = z.object({ value: z.number() }).optional();
const nodeSchema = z.object({
  name: z.string(),
  tier: tierSchema,
  inventory: z.object({ prices: z.object({ perProcessorHour: told }), uplink: z.object({ parent: z.string(), latencyMs: told, bytesPerSecond: told, perGigabyte: told }).optional() }).nullable(),
});
type KnownNode = z.infer<typeof nodeSchema>;

export async function splitFile(client: Client, file: string, options: SplitOptions): Promise<void> {
  const graph = await readFile(file).catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${file} cannot be read`, { cause, next: "Give the path of an ONNX file." });
  });
  const line = lineOf(await listAll(client, "/v1/nodes", "nodes", nodeSchema), options.from, options.to);
  const { data } = await readLabelled(options.labelled, options.labels);
  const notes: string[] = [];
  const places = line.map((node) => placeOf(node, options.ms ?? [], notes));
  const ways = line.slice(0, -1).map((node) => wayOf(node, notes));
  const { perMillisecond } = placementPolicySchema.parse({});
  const model = createModel();
  try {
    const { graphs, report } = await splitModel({ model, nowMs: () => performance.now() }, graph, data, { places, ways, rowsPerMonth: amountOf("--rows-per-month", options.rowsPerMonth), perMillisecond, ...(options.latencyMax === undefined ? {} : { latencyMsMax: amountOf("--latency-max", options.latencyMax) }) });
    const name = basename(file, extname(file));
    const because = whyThere(report, places);
    const files = report.parts.map((part, index) => ({ ...part, name: partName(name, index, report.parts.length), tier: line.find((node) => node.name === part.place)?.tier ?? "cloud" }));
    const manifest = files.map((part, index) => modelOf(part, files[index + 1]?.name, index === 0, because));
    const folder = resolve(options.out ?? `${name}-split`);
    if (files.length > 1) await writeParts(folder, files, graphs, manifest);
    if (options.json === true) return void process.stdout.write(`${JSON.stringify({ ...report, because, notes, models: manifest })}\n`);
    process.stdout.write(`${tableOf(report, places)}\n\n${because}\n${notes.map((note) => `${note}\n`).join("")}`);
    if (files.length > 1) process.stdout.write(`on ${report.rows} rows the parts differ from the whole by ${report.difference.toExponential(1)} at most\n${folder}: ${files.map((part) => `${part.name}.onnx`).join(", ")}, and models.json for the manifest\n`);
  } finally {
    await model.close();
  }
}

/** The nodes from one up to the other. `HOLON_NODE_UNKNOWN`, `HOLON_ARGUMENT_BAD`. */
function lineOf(nodes: readonly KnownNode[], from: string, to: string): readonly KnownNode[] {
  const find = (name: string): KnownNode => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${name} was ever heard`);
    return node;
  };
  find(to);
  const line = [find(from)];
  for (let at = line[0]; at !== undefined && at.name !== to; at = line.at(-1)) {
    const parent = at.inventory?.uplink?.parent;
    if (parent === undefined || line.length > nodes.length) throw new HolonError("HOLON_ARGUMENT_BAD", `${to} does not stand above ${from}, as far as is known: the way ends at ${at.name}`);
    line.push(find(parent));
  }
  return line;
}

function placeOf({ name, inventory }: KnownNode, given: readonly string[], notes: string[]): SplitPlace {
  const price = inventory?.prices.perProcessorHour?.value;
  if (price === undefined) notes.push(`what a processor of ${name} costs is unknown, and left out`);
  const own = given.find((text) => text.startsWith(`${name}=`));
  if (own === undefined) notes.push(`how long the model takes on ${name} was not said (--ms ${name}=MS): as long as on this machine`);
  return { name, perProcessorHour: price ?? 0, ...(own === undefined ? {} : { wholeMs: amountOf("--ms", own.slice(name.length + 1)) }) };
}

function wayOf({ name, inventory }: KnownNode, notes: string[]): ChainWay {
  const { latencyMs, bytesPerSecond, perGigabyte } = inventory?.uplink ?? {};
  if (latencyMs === undefined || bytesPerSecond === undefined) throw new HolonError("HOLON_PLACEMENT_UNMET", `${latencyMs === undefined ? "the latency" : "the bandwidth"} of the way up from ${name} is unknown, and a cut rests on it`, { next: "It is measured where bytes cost nothing; else declare `inventory.uplink` in the node's file: latencyMs, bytesPerSecond." });
  if (perGigabyte === undefined) notes.push(`what a gigabyte up from ${name} costs is unknown, and left out`);
  return { latencyMs: latencyMs.value, bytesPerSecond: Math.max(1, bytesPerSecond.value), perGigabyte: perGigabyte?.value ?? 0 };
}

const partName = (name: string, index: number, count: number): string => (index === 0 ? `${name}-head` : index === count - 1 ? `${name}-tail` : `${name}-middle-${index}`);

function modelOf(part: { readonly name: string; readonly tier: string }, above: string | undefined, isFirst: boolean, because: string): object {
  const split = above === undefined ? {} : { split: { above, release: { class: "derived", because: "say why what the head makes of a row may leave its site" }, because } };
  return { name: part.name, graph: `models/${part.name}.onnx`, ...split, ...(isFirst ? {} : { answers: { tier: part.tier } }) };
}

/** One line. */
function whyThere({ plan, parts, points, rowBytes }: SplitReport, places: readonly SplitPlace[]): string {
  const [first] = places;
  const at = (value: string): number => points.find((point) => point.value === value)?.bytes ?? rowBytes;
  const figures = `${print(plan.latencyMs)} ms and ${print(plan.bytes)} bytes a row, ${print(plan.cost)} a month`;
  if (parts.length === 1) return `not cut: all of it is cheapest on ${first?.name ?? ""}, ${figures}`;
  const cuts = parts.slice(0, -1).map(({ place, ends }) => `after ${ends} on ${place} (${at(ends)} bytes cross)`);
  const best = points.toSorted((a, b) => a.alone.cost - b.alone.cost).find(({ value }) => value !== parts[0]?.ends)?.alone;
  return `cut ${cuts.join(" and ")}, the rest on ${parts.at(-1)?.place ?? ""}: of ${points.length} places to cut the cheapest, ${figures}${best === undefined ? "" : `; the next costs ${print(best.cost)}`}`;
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

const print = (value: number): string => String(Number(value.toPrecision(4)));
