/** `holon node measure|show` */
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { heldNext, heldText } from "@holon/core/diagnosis/findings.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { seriesText } from "@holon/core/identity/series.ts";
import { heldRowSchema } from "@holon/core/measure/held.ts";
import { adoptionNumber, differences, judged, type Adopted } from "@holon/core/measure/measured.ts";
import { knownValueSchema } from "@holon/core/placement/known.ts";
import { createMeasurer, isOfStart, measureAll, readAdopted, writeAdopted } from "@holon/platform/measurer.ts";
import { z } from "zod";
import type { ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { elasticSchema, elasticText } from "../view/elastic.ts";
import { printTable } from "../table.ts";
import { parseConfig } from "./node.ts";

export interface MeasureFlags {
  readonly data: string;
  readonly adopt?: boolean;
  readonly because?: string;
  readonly json?: boolean;
}

/** Resolves to whether nothing differs. Needs no node to run; one that runs sees what was adopted when it next measures. */
export async function measureNode(file: string, { data, adopt, because, json }: MeasureFlags): Promise<boolean> {
  const path = resolve(file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} cannot be read`, { cause, next: "Give the path of a holon.node.yaml." });
  });
  const { name } = parseConfig(text, path);
  const folder = join(data, name);
  const before = await known(folder, adopt === true);
  // How the node is started is not seen from here: what was adopted of it stays, and the node itself holds against it what it finds.
  const files = [...(await measureAll(createMeasurer({ folder, config: path }))), ...(before?.files ?? []).filter((one) => isOfStart(one.name))];
  const found = differences(before?.files ?? [], judged(files, before?.files));
  if (adopt === true) {
    if (because === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--adopt says why", { next: "Add --because \"upgraded to 1.4\", for example." });
    const nowMs = Date.now();
    await writeAdopted(folder, { number: adoptionNumber(before?.number ?? 0, nowMs), by: userName(), because, atMs: nowMs, files, config: text });
  }
  const altered = before === undefined ? [] : found;
  if (json === true) process.stdout.write(`${JSON.stringify({ node: name, files: files.length, adopted: before === undefined ? null : { by: before.by, because: before.because, atMs: before.atMs }, altered, adopts: adopt === true })}\n`);
  else {
    if (altered.length > 0) process.stdout.write(`${printTable(["FILE", "ADOPTED", "FOUND"], altered.map(({ what, expected, found: is }) => [what, expected?.slice(0, 16) ?? "-", is?.slice(0, 16) ?? "-"]))}\n`);
    process.stdout.write(adopt === true ? `adopted for ${name}: ${files.length} files\n` : before === undefined ? `nothing was adopted for ${name} yet; ${files.length} files are there\n` : `${files.length} files, ${altered.length} not as ${before.by} adopted them\n`);
  }
  return adopt === true || altered.length === 0;
}

/** Not every user of a machine has a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "without a name"}`;
  }
}

/** Who adopts anew may do so over a record that is damaged. */
async function known(folder: string, adopts: boolean): Promise<Adopted | undefined> {
  try {
    return await readAdopted(folder);
  } catch (error) {
    if (adopts && toHolonError(error).code === "HOLON_MEASURE_BAD") return undefined;
    throw error;
  }
}

const differenceSchema = z.object({ what: z.string(), expected: z.string().nullable(), found: z.string().nullable() });
const statusSchema = z.looseObject({
  node: z.string(), site: z.string(), tier: z.string(), jurisdiction: z.string(), upMs: z.number(),
  uplink: z.looseObject({ state: z.string() }).optional(),
  /** A node of before does not tell it. */
  known: z.array(knownValueSchema).default([]),
  delegated: z.array(z.looseObject({ unit: z.string(), home: z.string(), holder: z.string().nullable(), withheld: z.string().nullable() })).optional(),
  binding: z.looseObject({ isBound: z.boolean(), problem: z.object({ code: z.string(), message: z.string(), next: z.string() }).optional() }).optional(),
  /** A node of before does not tell it. */
  series: z.looseObject({ own: z.int(), newest: z.int() }).optional(),
  helped: z.array(z.looseObject({ unit: z.string(), for: z.string(), events: z.number() })).optional(),
  agent: z.looseObject({ units: z.array(z.looseObject({ app: z.string(), name: z.string(), elastic: elasticSchema.optional() })).default([]) }).optional(),
  measured: z.looseObject({ state: z.string(), files: z.number(), asOfMs: z.number().optional(), adopted: z.object({ by: z.string(), because: z.string(), atMs: z.number() }).optional(), altered: z.array(differenceSchema), held: heldRowSchema.optional() }).optional(),
});

/** One node as it tells of itself. */
export async function showNode(options: ClientOptions, name: string, json: boolean): Promise<void> {
  const client = await connectNode(options, name);
  const status = await client.get("/v1/status", statusSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(status)}\n`);
  const { measured, binding, series } = status;
  const rows = [["node", status.node], ["site", status.site], ["tier", status.tier], ["jurisdiction", status.jurisdiction], ["up", `${Math.round(status.upMs / 1_000)} s`], ["uplink", status.uplink?.state ?? "none"],
    ...(status.delegated ?? []).map(({ unit, home, holder, withheld }) => ["delegated", `${unit}: home ${home}, ${holder === null ? "granted to nobody" : `on ${holder}`}${withheld === null ? "" : `; siblings do not have its state: ${withheld}`}`]),
    ...(binding === undefined ? [] : [["identity", `${binding.isBound ? "bound to its TPM" : "a key in a file, not bound to a TPM"}${binding.problem === undefined ? "" : `; ${binding.problem.code} ${binding.problem.message}. ${binding.problem.next}`}`]]),
    ...(series === undefined ? [] : [["authority", seriesText(series)]]),
    ...(status.agent?.units ?? []).flatMap(({ app, name: fn, elastic }) => (elastic === undefined ? [] : [["elastic", `${app}/${fn}: ${elasticText(elastic)}`]])),
    ...(status.helped ?? []).map(({ unit, for: asker, events }) => ["helped", `${asker} with ${events} event${events === 1 ? "" : "s"} of ${unit}`]),
    ["measured", measured === undefined ? "not" : `${measured.state}, ${measured.files} files${measured.asOfMs === undefined ? "" : `, as of ${new Date(measured.asOfMs).toISOString()}`}`],
    ...(measured?.adopted === undefined ? [] : [["adopted", `by ${measured.adopted.by}, ${new Date(measured.adopted.atMs).toISOString()}: ${measured.adopted.because}`]]),
    ...(measured?.held === undefined ? [] : [["held back", `${heldText(measured.held)}; found: ${measured.held.found}. ${heldNext(measured.held, status.node)}`]]),
    ...(measured?.altered ?? []).map(({ what, expected, found }) => ["altered", `${what}: ${expected?.slice(0, 16) ?? "nothing"} was adopted, ${found?.slice(0, 16) ?? "nothing"} is there`])];
  process.stdout.write(`${printTable(["", ""], rows)}\n`);
  const nowMs = Date.now();
  process.stdout.write(`\n${printTable(["KNOWN OF IT", "VALUE", "SOURCE", "AGE"], status.known.map(({ what, value, source, asOfMs, stale }) => [what, value ?? "unknown", source ?? "-", asOfMs === null ? "-" : `${Math.max(0, Math.round((nowMs - asOfMs) / 1_000))} s${stale ? ", stale" : ""}`]))}\n`);
}
