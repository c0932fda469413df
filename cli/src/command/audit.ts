/** `holon audit verify`: whether a data folder's log is as it was written, and what of a class left a site, by which rule. Needs no node. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { dataClassSchema } from "@holon/core/schema/event.ts";
import { watchLeft, type LeftRow } from "@holon/node/policy/left.ts";
import { verifyTrail } from "@holon/node/policy/trail.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { seemsHeld } from "@holon/platform/lock.ts";
import { openLogCipher } from "@holon/platform/log-keys.ts";
import { printTable } from "../table.ts";
import { timeOf } from "./event.ts";

export interface AuditOptions {
  readonly class?: string;
  readonly site?: string;
  readonly since?: string;
  readonly until?: string;
  readonly json?: boolean;
}

const isoOf = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** Whether every chain holds, to an end that was not torn off, and the log knows the site that was asked about. */
export async function verifyAudit(folder: string, { class: asked, site, since, until, json }: AuditOptions): Promise<boolean> {
  const place = resolve(folder);
  if (!existsSync(join(place, "log"))) throw new HolonError("HOLON_DATA_BAD", `${place} holds no log`, { next: "Name the data folder of one node, for example .holon/gateway-1." });
  const parsed = asked === undefined ? undefined : dataClassSchema.safeParse(asked);
  if (parsed?.success === false) throw new HolonError("HOLON_ARGUMENT_BAD", `--class is ${dataClassSchema.options.join(", ")}, not ${asked ?? ""}`);
  if (parsed === undefined && (site ?? since ?? until) !== undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--site, --since and --until ask about a class", { next: "Add --class derived, for example." });
  const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32, cipher: await openLogCipher(place, false) };
  const msOf = (flag: string, text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Date.parse(timeOf(flag, text) ?? ""));
  const left = parsed === undefined ? undefined : watchLeft({ class: parsed.data, site, sinceMs: msOf("--since", since, -Infinity), untilMs: msOf("--until", until, Infinity) }, integrity);
  if (msOf("--since", since, -Infinity) > msOf("--until", until, Infinity)) throw new HolonError("HOLON_ARGUMENT_BAD", `the span ends at ${until ?? ""}, before it begins at ${since ?? ""}`, { next: "Give --since the earlier time." });
  const report = await verifyTrail(createDisk(place), integrity, left?.see);
  const rows = left?.rows();
  const gaps = left?.gaps(report.lanes).map(({ fromMs, toMs, ...gap }) => ({ ...gap, from: isoOf(fromMs), to: isoOf(toMs) })) ?? [];
  const heard = left?.heard().map(({ node, throughMs }) => ({ node, through: isoOf(throughMs) })) ?? [];
  const undecided = left?.undecided() ?? [];
  const sites = left?.sites() ?? [];
  const isStray = site !== undefined && !sites.includes(site);
  const isTorn = report.end.state === "torn" && !seemsHeld(place); // a node that runs is writing it
  if (json === true) process.stdout.write(`${JSON.stringify({ ...report, ...(rows === undefined ? {} : { left: rows, completeness: { gaps, heard, undecided, sites } }) })}\n`);
  else {
    process.stdout.write(`${printTable(["LANE", "RECORDS", "THROUGH", "CHAIN"], report.lanes.map(({ lane, records, head }) => [lane, `${records}`, `${head.sequence}`, head.hash.slice(0, 16)]))}\n`);
    for (const range of report.expired) process.stdout.write(`let go of by rule: ${range}\n`);
    if (rows !== undefined) process.stdout.write(`\n${tableOf(rows.filter(({ isTimeUnknown }) => !isTimeUnknown), asked ?? "")}`);
    const timeless = rows?.filter(({ isTimeUnknown }) => isTimeUnknown) ?? [];
    if (timeless.length > 0) process.stdout.write(`\ntime unknown: recorded by a clock that was not set, or went back later; of this span or of another\n${tableOf(timeless, asked ?? "")}`);
    for (const gap of gaps) process.stdout.write(`not covered: ${gap.lane} ${gap.first} to ${gap.last}, ${whenOf(gap)}, ${gap.lane.endsWith("/audit") ? "with the decisions in it" : "with what may have left of it"}\n`);
    for (const { lane, records, first, last } of undecided) process.stdout.write(`no decision is here: ${lane} ${first} to ${last}, ${records} of class ${asked ?? ""}, which stayed, or of which it was decided elsewhere or in what is not here\n`);
    if (isStray) process.stdout.write(`no node of site ${site} is in this log: it knows ${sites.join(", ") || "none"}\n`);
    else if (rows?.length === 0 && undecided.length === 0) process.stdout.write(`nothing of class ${asked ?? ""} and of that span is in this log\n`);
    for (const { node, through } of heard) process.stdout.write(`decisions of ${node} are here through ${through ?? "an unknown time"}\n`);
    for (const violation of report.violations) process.stdout.write(`VIOLATION ${violation}\n`);
    if (report.end.state === "open") process.stdout.write("not at rest: its node writes on, was ended, or what came behind was cut off; hold THROUGH against the node above\n");
    if (report.end.state === "torn") process.stdout.write(`torn end: ${report.end.batch ?? ""} stands a part of a batch, ${isTorn ? "which a cut of power leaves, a copy of a node that ran, or somebody who cut off what came behind; hold THROUGH against the node above" : "which its node is writing"}\n`);
    process.stdout.write(report.violations.length > 0 ? `${report.violations.length} violations\n` : `every chain holds${isTorn ? " as far as it is here" : ""}: ${report.lanes.length} lanes in ${report.segments} segments\n`);
  }
  return report.violations.length === 0 && !isTorn && !isStray;
}

/** When what is missing was recorded, by those beside it. */
function whenOf({ from, to, isTimeUnknown }: { readonly from: string | null; readonly to: string | null; readonly isTimeUnknown: boolean }): string {
  const bounds = [...(from === null ? [] : [`after ${from}`]), ...(to === null ? [] : [`before ${to}`])];
  if (isTimeUnknown) return `time unknown: a clock beside it was not set, or went back later${bounds.length === 0 ? "" : `; recorded ${bounds.join(" ")}`}`;
  return bounds.length === 0 ? "time unknown: nothing beside it is here" : `recorded ${bounds.join(" ")}`;
}

const tableOf = (rows: readonly LeftRow[], asked: string): string =>
  `${printTable(["NODE", "SITE", "LANE", "CLASS", "BORN IN", "THROUGH", "TO", "WORD", "RULE", "RECORDS", "FIRST", "LAST"], rows.map((row) => [row.node, row.site ?? "?", row.lane, asked, row.jurisdictions.join(" "), row.through.join(", "), row.destination, row.allow ? (row.closed ? "left" : "may have left") : "held back", row.rule, `${row.records}`, `${row.first}`, `${row.last}`]))}\n`;
