/** `holon node logs|diagnose|bundle|exec|commands|requests|result`. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { logLevelSchema, logsAnswerSchema, wantedSchema, type LogsAnswer, type Wanted } from "@holon/core/diagnosis/ask.ts";
import { printLine } from "@holon/core/diagnosis/print-line.ts";
import { bundleSchema, outcomeSchema, profileSchema, reportSchema } from "@holon/core/diagnosis/results.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { connectApi, doneSchema, openLines, type Client, type ClientOptions } from "../client.ts";
import { bundlePlace, writeBundle } from "../machine/bundle-file.ts";
import { spanOf } from "../machine/span.ts";
import type { CommonOptions } from "../program/api.ts";
import { keepFollowing } from "../follow.ts";
import { printTable } from "../table.ts";
import { knownAccountSchema, tellKnown } from "../view/known.ts";
import { wholeNumber } from "../whole-number.ts";
import { timeOf } from "./event.ts";

export interface LogsOptions {
  readonly follow?: boolean;
  readonly since?: string;
  readonly level: string;
  readonly limit: string;
}
export interface RequestTimes extends CommonOptions {
  readonly for: string;
  readonly wait: string;
}
export interface DiagnoseOptions extends RequestTimes {
  readonly profile?: string;
  readonly out?: string;
}
export interface BundleOptions extends RequestTimes {
  readonly out?: string;
}
export type ExecOptions = RequestTimes;
export interface RequestOptions extends CommonOptions {
  readonly cancel?: string;
}

const requestSchema = z.object({ id: z.string(), node: z.string(), wanted: wantedSchema, by: z.string(), state: z.string(), askedAt: z.string(), expiresAt: z.string(), doneAt: z.string().nullable(), ok: z.boolean().nullable(), code: z.string().nullable() });
type Row = z.infer<typeof requestSchema>;
const rowsSchema = z.object({ requests: z.array(requestSchema) });
const resultSchema = z.object({ request: requestSchema, result: z.unknown() });
const commandsSchema = z.object({ node: z.string(), commands: z.array(z.object({ name: z.string(), about: z.string(), arguments: z.array(z.object({ name: z.string(), values: z.array(z.string()).optional(), pattern: z.string().optional() })), timeoutMs: z.number(), class: z.string() })) });

const path = (node: string): string => `/v1/nodes/${encodeURIComponent(node)}`;

export async function showLogs(options: ClientOptions, node: string, { follow, since, level, limit, json }: LogsOptions & { readonly json?: boolean }, ended: AbortSignal): Promise<void> {
  if (!logLevelSchema.safeParse(level).success) throw new HolonError("HOLON_ARGUMENT_BAD", `--level is info, warn or error, not ${level}`);
  const query = new URLSearchParams({ level, limit: String(wholeNumber("--limit", limit, { min: 1, max: diagnosisBounds.linesMax })) });
  const from = timeOf("--since", since);
  if (from !== undefined) query.set("since", from);
  const print = ({ lines, missed }: LogsAnswer): void => {
    if (missed > 0) process.stderr.write(`${missed} lines or more went by before they were read\n`);
    for (const line of lines) process.stdout.write(json === true ? `${JSON.stringify(line)}\n` : `${printLine(line)}\n`);
  };
  const address = `${path(node)}/logs?${query.toString()}`;
  if (follow !== true) return print(await readLogs(options, node, address, { level, limit, since: from, json: json === true }));
  let after: string | undefined;
  await keepFollowing(async (heard) => {
    const behind = after === undefined ? address : `${path(node)}/logs?${new URLSearchParams({ level, after }).toString()}`;
    for await (const line of openLines(options, behind, ended)) {
      const answer = logsAnswerSchema.parse(line);
      heard();
      print(answer);
      after = answer.after ?? after;
    }
  }, ended);
}

/** Of a node that is away they are asked for when it is back. */
async function readLogs(options: ClientOptions, node: string, address: string, { level, limit, since, json }: { readonly json: boolean;  readonly level: string; readonly limit: string; readonly since: string | undefined }): Promise<LogsAnswer> {
  const client = await connectApi(options);
  try {
    const { asOf, completeness, ...answer } = await client.get(address, logsAnswerSchema.extend(knownAccountSchema.shape));
    tellKnown({ asOf, completeness }, json);
    return answer;
  } catch (error) {
    if (!(error instanceof HolonError) || error.code !== "HOLON_DIAGNOSIS_AWAY") throw error;
    const wanted = wantedSchema.parse({ kind: "logs", level, limit: Number(limit), ...(since === undefined ? {} : { since }) });
    const { id, expiresAt } = await client.send("POST", `${path(node)}/requests`, { wanted }, requestSchema);
    throw new HolonError("HOLON_DIAGNOSIS_AWAY", `${error.message}; its log is asked for as ${id}, which waits for it until ${expiresAt}`, { next: `Look again with \`holon node result ${id}\`.` });
  }
}

/** Resolves to whether nothing is bad. */
export async function diagnoseNode(options: ClientOptions, node: string, more: DiagnoseOptions): Promise<boolean> {
  if (more.profile !== undefined) {
    await profileNode(options, node, Number(more.profile), more);
    return true;
  }
  const report = reportSchema.parse(await ask(options, node, { kind: "report" }, more));
  if (more.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    for (const { state, check, says, next } of report.findings) process.stdout.write(`${state.padEnd(4)}  ${check.padEnd(12)} ${says}${next === undefined ? "" : `\n                   next: ${next}`}\n`);
    process.stdout.write(`${describe(report)}\n${report.node}, as of ${report.asOf} by its clock (${report.clock})\n`);
  }
  return report.findings.every(({ state }) => state !== "bad");
}

const figuresSchema = z.looseObject({
  machine: z.looseObject({ holon: z.string(), node: z.string(), load1: z.number(), memoryFreeBytes: z.number(), memoryTotalBytes: z.number(), residentBytes: z.number() }).partial().optional(),
  disk: z.looseObject({ state: z.string(), logBytes: z.number(), freeBytes: z.number().nullable() }).optional(),
  link: z.looseObject({ state: z.string(), backlog: z.number().nullable() }).nullable().optional(),
  units: z.array(z.looseObject({ app: z.string(), name: z.string(), state: z.string(), restarts: z.number(), failed: z.number(), lag: z.number() })).optional(),
});

function describe(report: z.infer<typeof reportSchema>): string {
  const { machine, disk, link, units = [] } = figuresSchema.parse(report);
  const mebibytes = (bytes: number | null | undefined): string => (bytes === null || bytes === undefined ? "unknown" : `${Math.round(bytes / 2 ** 20)} MiB`);
  return [
    `version      Holon ${machine?.holon ?? "unknown"}, Node.js ${machine?.node ?? "unknown"}`,
    `link         ${link === null || link === undefined ? "none: it is a root" : `${link.state}, ${link.backlog ?? "unknown"} records wait`}`,
    `disk         ${disk?.state ?? "unknown"}, log ${mebibytes(disk?.logBytes)}, free ${mebibytes(disk?.freeBytes)}`,
    `machine      load ${machine?.load1 ?? "unknown"}, free memory ${mebibytes(machine?.memoryFreeBytes)} of ${mebibytes(machine?.memoryTotalBytes)}, Holon ${mebibytes(machine?.residentBytes)}`,
    ...units.map(({ app, name, state, restarts, failed, lag }) => `function     ${app}/${name} ${state}, ${lag} behind, ${restarts} restarts, ${failed} failed`),
  ].join("\n");
}

async function profileNode(options: ClientOptions, node: string, seconds: number, more: DiagnoseOptions): Promise<void> {
  const wanted = wantedSchema.safeParse({ kind: "profile", seconds });
  if (!wanted.success) throw new HolonError("HOLON_ARGUMENT_BAD", "--profile takes whole seconds, 1 to 60");
  const profile = profileSchema.parse(await ask(options, node, wanted.data, more));
  if (more.out !== undefined) {
    if (profile.cpuprofile === null) throw new HolonError("HOLON_CALL_TOO_LARGE", `the profile of ${node} was too large to be sent`, { next: "Take it over fewer seconds." });
    await writeFile(resolve(more.out), JSON.stringify(profile.cpuprofile));
  }
  if (more.json === true) return void process.stdout.write(`${JSON.stringify(profile)}\n`);
  const rows = profile.top.map(({ function: name, where, selfMs, share }) => [`${(share * 100).toFixed(1)} %`, `${selfMs} ms`, name, where]);
  process.stdout.write(`${printTable(["SHARE", "SELF", "FUNCTION", ""], rows)}\n${Object.entries(profile.heap).map(([name, value]) => `${name} ${String(value)}`).join(", ")}\n`);
}

export async function fetchBundle(options: ClientOptions, node: string, more: BundleOptions): Promise<void> {
  const out = bundlePlace(more.out ?? `${node}-bundle`);
  const bundle = bundleSchema.parse(await ask(options, node, { kind: "bundle" }, more));
  const place = await writeBundle(out, bundle);
  process.stdout.write(more.json === true ? `${JSON.stringify({ node, written: place, files: bundle.files.map((file) => file.path) })}\n` : `${place}: ${bundle.files.map((file) => file.path).join(", ")}\n`);
}

/** Resolves to whether the command ended well. */
export async function execOnNode(options: ClientOptions, node: string, command: string, given: readonly string[], more: ExecOptions): Promise<boolean> {
  const pairs = given.map((text): [string, string] => {
    const at = text.indexOf("=");
    if (at < 1) throw new HolonError("HOLON_ARGUMENT_BAD", `an argument is NAME=VALUE, not ${text}`, { next: `See \`holon node commands ${node}\`.` });
    return [text.slice(0, at), text.slice(at + 1)];
  });
  const wanted = wantedSchema.safeParse({ kind: "exec", command, arguments: Object.fromEntries(pairs) });
  if (!wanted.success) throw new HolonError("HOLON_ARGUMENT_BAD", z.prettifyError(wanted.error).replaceAll("\n", "; "));
  const outcome = outcomeSchema.parse(await ask(options, node, wanted.data, more));
  if (more.json === true) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  else {
    process.stdout.write(outcome.output ?? "");
    if (outcome.withheld !== undefined) process.stderr.write(`${outcome.withheld}\n`);
    if (outcome.ended !== "itself") process.stderr.write(`it was ended: its ${outcome.ended} was over\n`);
  }
  return outcome.exitCode === 0;
}

export async function listCommands(options: ClientOptions, node: string, json: boolean): Promise<void> {
  const answer = await (await connectApi(options)).get(`${path(node)}/commands`, commandsSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  const rows = answer.commands.map((command) => [command.name, command.arguments.map(({ name, values }) => `${name}=${values?.join("|") ?? "…"}`).join(" "), command.class, command.about]);
  process.stdout.write(`${printTable(["COMMAND", "ARGUMENTS", "CLASS", ""], rows)}\n`);
}

export async function listRequests(options: ClientOptions, node: string | undefined, { cancel, json }: RequestOptions): Promise<void> {
  const client = await connectApi(options);
  if (cancel !== undefined) await client.send("DELETE", `/v1/requests/${encodeURIComponent(cancel)}`, undefined, doneSchema);
  const { requests } = await client.get("/v1/requests", rowsSchema);
  const shown = requests.filter((row) => node === undefined || row.node === node);
  if (json === true) return void process.stdout.write(`${JSON.stringify(shown)}\n`);
  process.stdout.write(`${printTable(["REQUEST", "NODE", "WHAT", "BY", "STATE", "ASKED", "UNTIL"], shown.map((row) => [row.id, row.node, nameOf(row.wanted), row.by, stateOf(row), row.askedAt, row.doneAt ?? row.expiresAt]))}\n`);
}

const nameOf = (wanted: Wanted): string => (wanted.kind === "exec" ? `exec ${wanted.command}` : wanted.kind);
const stateOf = ({ state, ok, code }: Row): string => (state === "done" && ok === false ? `done: ${code ?? "failed"}` : state);

export async function showResult(options: ClientOptions, id: string, json: boolean): Promise<void> {
  const { request, result } = await (await connectApi(options)).get(`/v1/requests/${encodeURIComponent(id)}/result`, resultSchema);
  if (result === null) throw stillWaiting(request);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, undefined, 2)}\n`);
}

/** What came of it, within the time that the command waits. */
async function ask(options: ClientOptions, node: string, wanted: Wanted, times: RequestTimes): Promise<unknown> {
  const client = await connectApi(options);
  const request = await client.send("POST", `${path(node)}/requests`, { wanted, forMs: spanOf(times.for) }, requestSchema);
  const extraMs = wanted.kind === "profile" ? wanted.seconds * 1_000 : 0;
  return resultOf(client, request, Date.now() + spanOf(times.wait, "--wait") + extraMs);
}

async function resultOf(client: Client, request: Row, untilMs: number): Promise<unknown> {
  for (;;) {
    const waitMs = Math.max(0, Math.min(5_000, untilMs - Date.now()));
    const answer = await client.get(`/v1/requests/${request.id}/result?waitMs=${Math.round(waitMs)}`, resultSchema);
    if (answer.result !== null) return answer.result;
    if (Date.now() >= untilMs) throw stillWaiting(answer.request, await standingOf(client, request.node));
  }
}

/** How a node stands that is away; undefined of one that answers, and where nobody says. */
async function standingOf(client: Client, node: string): Promise<string | undefined> {
  const problem = await client.get(`${path(node)}/status`, z.unknown()).then(() => undefined, toHolonError);
  return problem?.code === "HOLON_DIAGNOSIS_AWAY" ? problem.message : undefined;
}

const stillWaiting = ({ id, node, expiresAt }: Row, standing?: string): HolonError => new HolonError("HOLON_DIAGNOSIS_AWAY", `${node} has not answered ${id} yet; it waits until ${expiresAt}${standing === undefined ? "" : `; ${standing}`}`, { next: `Look again with \`holon node result ${id}\`.` });
