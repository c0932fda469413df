/** `holon node show`: one node as it tells of itself. */
import { heldNext, heldText } from "@holon/core/diagnosis/findings.ts";
import { errorTable, isErrorCode, toHolonError } from "@holon/core/errors.ts";
import { seriesText } from "@holon/core/identity/series.ts";
import { heldRowSchema } from "@holon/core/measure/held.ts";
import { knownValues, knownValueSchema, type KnownValue } from "@holon/core/placement/known.ts";
import { withheldFindings, withheldRowSchema } from "@holon/core/policy/withheld.ts";
import { z } from "zod";
import { connectApi, isNoSuchPath, type Client, type ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { printTable } from "../table.ts";
import { elasticSchema, elasticText } from "../view/elastic.ts";
import { nodeRowSchema } from "./node.ts";

const differenceSchema = z.object({ what: z.string(), expected: z.string().nullable(), found: z.string().nullable() });
const statusSchema = z.looseObject({
  node: z.string(), site: z.string(), tier: z.string(), jurisdiction: z.string(), upMs: z.number(),
  /** By its own clock, as it said this; a node of before does not tell it. */
  wallMs: z.number().optional(),
  uplink: z.looseObject({ state: z.string(), problem: z.object({ code: z.string(), message: z.string() }).optional() }).optional(),
  /** A node of before does not tell it. */
  known: z.array(knownValueSchema).default([]),
  delegated: z.array(z.looseObject({ unit: z.string(), home: z.string(), holder: z.string().nullable(), withheld: z.string().nullable() })).optional(),
  binding: z.looseObject({ isBound: z.boolean(), problem: z.object({ code: z.string(), message: z.string(), next: z.string() }).optional() }).optional(),
  /** A node of before does not tell it. */
  series: z.looseObject({ own: z.int(), newest: z.int() }).optional(),
  withheld: z.array(withheldRowSchema).optional(),
  helped: z.array(z.looseObject({ unit: z.string(), for: z.string(), events: z.number() })).optional(),
  agent: z.looseObject({ units: z.array(z.looseObject({ app: z.string(), name: z.string(), elastic: elasticSchema.optional() })).default([]) }).optional(),
  measured: z.looseObject({ state: z.string(), files: z.number(), asOfMs: z.number().optional(), adopted: z.object({ by: z.string(), because: z.string(), atMs: z.number() }).optional(), altered: z.array(differenceSchema), held: heldRowSchema.optional() }).optional(),
});

type Status = z.infer<typeof statusSchema>;

/** By its own API where it runs out of this data folder; else over its links, by way of control; of one that gives no answer, what it told last. */
export async function showNode(options: ClientOptions, name: string, json: boolean): Promise<void> {
  const own = await connectNode(options, name).catch((error: unknown) => toHolonError(error));
  if ("get" in own) return print(await own.get("/v1/status", statusSchema), json);
  if (own.code !== "HOLON_API_UNREACHABLE" && own.code !== "HOLON_API_TIMEOUT") throw own;
  const control = await connectApi(options).catch(() => Promise.reject(own));
  const path = `/v1/nodes/${encodeURIComponent(name)}`;
  const overLinks = await control.get(`${path}/status`, z.looseObject({ status: statusSchema })).catch((error: unknown) => toHolonError(error));
  if ("status" in overLinks) return print(overLinks.status, json);
  if (overLinks.code !== "HOLON_DIAGNOSIS_AWAY") throw isNoSuchPath(overLinks) ? own : overLinks; // what is asked carries no control
  process.stderr.write(`${overLinks.code}: ${overLinks.message}; this is what it told last\n  next: ${overLinks.next}\n`);
  await printTold(control, path, json);
}

/** The curves of its electricity stand with the plans, and not with a node. */
async function printTold(control: Client, path: string, json: boolean): Promise<void> {
  const { name: node, site, tier, jurisdiction, inventory, trust, heardMs } = await control.get(path, nodeRowSchema);
  const nowMs = Date.now();
  // Without a word of its TPM: that it was enrolled its certificate said whenever it was heard.
  const trusted = trust === null ? { level: "enrolled", asOfMs: nowMs - (heardMs ?? 0) } : { level: trust.level, asOfMs: Date.parse(trust.asOf) };
  const known = knownValues({ report: inventory ?? undefined, inferences: {}, trust: heardMs === null && trust === null ? undefined : trusted, nowMs });
  if (json) return void process.stdout.write(`${JSON.stringify({ node, site, tier, jurisdiction, heardMs, known })}\n`);
  process.stdout.write(`${printTable(["", ""], [["node", node], ["site", site], ["tier", tier], ["jurisdiction", jurisdiction], ["last record", heardMs === null ? "unknown" : `${Math.round(heardMs / 1_000)} s ago`]])}\n`);
  printValues(known);
}

function print(status: Status, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify(status)}\n`);
  const { measured, binding, series } = status;
  const rows = [["node", status.node], ["site", status.site], ["tier", status.tier], ["jurisdiction", status.jurisdiction], ["up", `${Math.round(status.upMs / 1_000)} s`], ["uplink", status.uplink === undefined ? "none" : uplinkText(status.uplink)],
    ...(status.delegated ?? []).map(({ unit, home, holder, withheld }) => ["delegated", `${unit}: home ${home}, ${holder === null ? "granted to nobody" : `on ${holder}`}${withheld === null ? "" : `; siblings do not have its state: ${withheld}`}`]),
    ...(binding === undefined ? [] : [["identity", `${binding.isBound ? "bound to its TPM" : "a key in a file, not bound to a TPM"}${binding.problem === undefined ? "" : `; ${binding.problem.code} ${binding.problem.message}. ${binding.problem.next}`}`]]),
    ...(series === undefined ? [] : [["authority", seriesText(series)]]),
    ...(status.agent?.units ?? []).flatMap(({ app, name: fn, elastic }) => (elastic === undefined ? [] : [["elastic", `${app}/${fn}: ${elasticText(elastic)}`]])),
    ...(status.helped ?? []).map(({ unit, for: asker, events }) => ["helped", `${asker} with ${events} event${events === 1 ? "" : "s"} of ${unit}`]),
    ...withheldFindings(status.node, status.withheld ?? []).map(({ says, next }) => ["kept here", next === undefined ? says : `${says}. ${next}`]),
    ["measured", measured === undefined ? "not" : `${measured.state}, ${measured.files} files${measured.asOfMs === undefined ? "" : `, as of ${new Date(measured.asOfMs).toISOString()}`}`],
    ...(measured?.adopted === undefined ? [] : [["adopted", `by ${measured.adopted.by}, ${new Date(measured.adopted.atMs).toISOString()}: ${measured.adopted.because}`]]),
    ...(measured?.held === undefined ? [] : [["held back", `${heldText(measured.held)}; found: ${measured.held.found}. ${heldNext(measured.held, status.node)}`]]),
    ...(measured?.altered ?? []).map(({ what, expected, found }) => ["altered", `${what}: ${expected?.slice(0, 16) ?? "nothing"} was adopted, ${found?.slice(0, 16) ?? "nothing"} is there`])];
  process.stdout.write(`${printTable(["", ""], rows)}\n`);
  printValues(status.known, status.wallMs);
}

/** A problem of before an open link is over; the next step is this program's, where it knows the code. */
function uplinkText({ state, problem }: NonNullable<Status["uplink"]>): string {
  if (problem === undefined || state === "open") return state;
  return `${state}; ${problem.code} ${problem.message}${isErrorCode(problem.code) ? `. ${errorTable[problem.code].next}` : ""}`;
}

/** How old something is goes by the clock that it was told by. */
function printValues(known: readonly KnownValue[], nowMs = Date.now()): void {
  process.stdout.write(`\n${printTable(["KNOWN OF IT", "VALUE", "SOURCE", "AGE"], known.map(({ what, value, source, asOfMs, stale }) => [what, value ?? "unknown", source ?? "-", asOfMs === null ? "-" : `${Math.max(0, Math.round((nowMs - asOfMs) / 1_000))} s${stale ? ", stale" : ""}`]))}\n`);
}
