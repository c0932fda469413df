/** What is wrong with a node, by its own status, and what to do: the same for `holon doctor`, for a report from far away and for the console. */
import { routeStatusSchema } from "../alert/route-status.ts";
import { alertRouteFindings } from "./alert-route-findings.ts";
import { errorTable, isErrorCode } from "../errors.ts";
import { isoTime } from "../event/iso-time.ts";
import { seriesText } from "../identity/series.ts";
import { heldRowSchema, heldWhy, type HeldRow } from "../measure/held.ts";
import { olderRecordName, recordName } from "../measure/measured.ts";
import { exportStatusSchema } from "../telemetry/export-status.ts";
import { withheldFindings, withheldRowSchema } from "../policy/withheld.ts";
import { exportFindings } from "./export-findings.ts";
import { z } from "zod";

export const findingSchema = z.strictObject({ check: z.string(), state: z.enum(["ok", "warn", "bad"]), says: z.string(), next: z.string().optional() });
export type Finding = z.infer<typeof findingSchema>;

const problemSchema = z.looseObject({ code: z.string().optional(), message: z.string(), next: z.string() }).optional();
/** What of a status is looked at. */
export const examinedSchema = z.looseObject({
  uplink: z
    .looseObject({
      state: z.string(),
      backlog: z.number().optional(),
      problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
      held: z.array(z.looseObject({ lane: z.string(), code: z.string(), message: z.string() })),
      branches: z.array(z.looseObject({ lane: z.string(), branch: z.string(), after: z.int() })),
    })
    .optional(),
  signatures: z.looseObject({}).optional(),
  export: exportStatusSchema.optional(),
  alertRoutes: z.array(routeStatusSchema.loose()).optional(),
  measured: z.looseObject({ altered: z.array(z.looseObject({ what: z.string() })), held: heldRowSchema.optional() }).optional(),
  withheld: z.array(withheldRowSchema).optional(),
  series: z.looseObject({ own: z.int(), newest: z.int() }).optional(),
  log: z.looseObject({ disk: z.string() }),
  damage: z.array(z.looseObject({ segment: z.string() })),
  agent: z.looseObject({
    problem: problemSchema,
    units: z.array(z.looseObject({ app: z.string().optional(), name: z.string().optional(), /** Events that are set aside. */ failed: z.int().optional(), /** Events that wait. */ lag: z.int().optional(), problem: problemSchema })),
    sources: z.array(z.looseObject({ name: z.string(), problem: problemSchema })),
  }),
});
export type Examined = z.infer<typeof examinedSchema>;

/** What is known of the machine beside the node's status. */
export interface Surroundings {
  readonly clock?: "synced" | "coasting" | "unknown";
  readonly disk?: { readonly freeBytes: number } | undefined;
  readonly memory?: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  /** Milliseconds until its certificate ends; negative where it has. */
  readonly certificateMs?: number | undefined;
}

/** Waiting for one function: more than a batch of a busy second. */
const behindEvents = 50_000;
const lowBytes = 1 << 30;
/** Less than a node needs for what it fetches at its start. */
const fullBytes = 1 << 18;
const lowMemoryShare = 0.05;

export function findingsOf(name: string, status: Examined, around: Surroundings = {}): readonly Finding[] {
  const findings = [...linkFindings(name, status), ...diskFindings(name, status, around), ...clockFindings(name, around), ...unitFindings(name, status)];
  if (status.export !== undefined) findings.push(...exportFindings(name, status.export));
  findings.push(...alertRouteFindings(name, status.alertRoutes ?? []));
  const { series } = status;
  if (series !== undefined && series.own < series.newest) findings.push({ check: name, state: "warn", says: seriesText(series), next: errorTable.HOLON_IDENTITY_SERIES.next });
  const held = status.measured?.held;
  if (held !== undefined) findings.push({ check: name, state: "bad", says: heldText(held), next: heldNext(held, name) });
  for (const { what } of status.measured?.altered ?? []) findings.push({ check: name, state: "bad", says: `${what} is not as it was adopted`, next: errorTable.HOLON_NODE_ALTERED.next });
  const withheld = withheldFindings(name, status.withheld ?? []);
  findings.push(...withheld.filter(({ state }) => state !== "ok"));
  const meant = withheld.filter(({ state }) => state === "ok");
  return findings.length > 0 ? [...findings, ...meant] : [{ check: name, state: "ok", says: "link, log, sources and functions are well" }, ...meant];
}

/** The same wherever it is told. */
export const heldText = (row: HeldRow): string => `${heldWhy("its program", row)}: since ${isoTime(row.sinceMs)} it hands out no secrets and takes no new units or artifacts; what ran goes on`;

export const heldNext = ({ first, isOfBefore }: HeldRow, name: string): string => {
  if (isOfBefore === true) return "Ask again in a moment.";
  return errorTable[first.includes(recordName) || first.includes(olderRecordName) ? "HOLON_MEASURE_BAD" : "HOLON_NODE_HELD"].next.replace("NAME", name);
};

function linkFindings(name: string, { uplink }: Examined): readonly Finding[] {
  if (uplink === undefined) return [];
  const findings: Finding[] = [];
  const { state, problem, backlog = 0 } = uplink;
  const waits = backlog === 0 ? "" : `; ${backlog} record${backlog === 1 ? " waits" : "s wait"} for it`;
  if (state !== "open") findings.push({ check: name, state: "warn", says: `uplink ${state}${problem === undefined ? "" : `: ${problem.message}`}${waits}`, next: state === "cut" ? `holon link heal ${name}` : nextOf(problem?.code) });
  for (const { lane, code, message } of uplink.held) findings.push({ check: name, state: "bad", says: `${lane} is held back: ${message}`, ...(isErrorCode(code) ? { next: errorTable[code].next } : {}) });
  for (const { lane, branch, after } of uplink.branches) findings.push({ check: name, state: "warn", says: `${lane} has two histories behind record ${after}; this one is kept as ${branch}`, next: errorTable.HOLON_LINK_FORK.next });
  return findings;
}

function diskFindings(name: string, { log, damage }: Examined, { disk, memory }: Surroundings): readonly Finding[] {
  const findings: Finding[] = damage.map(({ segment }) => ({ check: name, state: "bad", says: `${segment} is damaged`, next: errorTable.HOLON_LOG_DAMAGED.next }));
  if (log.disk !== "ok") findings.push({ check: name, state: "bad", says: `its log takes nothing in: the disk ${log.disk === "full" ? "is full" : "failed"}`, next: errorTable[log.disk === "full" ? "HOLON_DISK_FULL" : "HOLON_DISK_FAILED"].next });
  else if (disk !== undefined && disk.freeBytes < lowBytes) findings.push({ check: name, state: disk.freeBytes < fullBytes ? "bad" : "warn", says: `${Math.floor(disk.freeBytes / 2 ** 20)} MiB are free on its disk`, next: "Free space, or let the log keep less (`retention` of holon.node.yaml): a full disk stops intake." });
  if (memory !== undefined && memory.freeBytes < memory.totalBytes * lowMemoryShare) findings.push({ check: name, state: "warn", says: `${Math.floor(memory.freeBytes / 2 ** 20)} of ${Math.floor(memory.totalBytes / 2 ** 20)} MiB of memory are free`, next: "See what takes it: `holon node exec NODE processes`." });
  return findings;
}

function clockFindings(name: string, { clock, certificateMs }: Surroundings): readonly Finding[] {
  const findings: Finding[] = [];
  if (clock !== undefined && clock !== "synced") findings.push({ check: name, state: "warn", says: `its clock is ${clock}: no evidence of a time service`, next: "Start a time service there (chrony, systemd-timesyncd); Holon works without, but says so in each event." });
  if (certificateMs !== undefined && certificateMs < 0) findings.push({ check: name, state: "warn", says: `its certificate ended ${Math.ceil(-certificateMs / 3_600_000)} hours ago`, next: errorTable.HOLON_IDENTITY_EXPIRED.next });
  return findings;
}

function unitFindings(name: string, { agent }: Examined): readonly Finding[] {
  const problems = [agent.problem, ...agent.units.map((unit) => unit.problem)].flatMap((problem) => (problem === undefined ? [] : [{ check: name, state: "bad" as const, says: problem.message, next: problem.next }]));
  const aside = agent.units.flatMap(({ app, name: fn, failed = 0 }) => (failed === 0 ? [] : [{ check: name, state: "warn" as const, says: `${failed} ${failed === 1 ? "event" : "events"} that ${app ?? ""}/${fn ?? ""} could not handle ${failed === 1 ? "is" : "are"} set aside`, next: `See why: \`holon function failed --node ${name}\`. When it is mended: \`holon function replay --node ${name}\`.` }]));
  const behind = agent.units.flatMap(({ app, name: fn, lag = 0 }) => (lag < behindEvents ? [] : [{ check: name, state: "warn" as const, says: `${lag} events wait for ${app ?? ""}/${fn ?? ""}`, next: `Look again whether they become fewer: \`holon function list --node ${name}\`. Else give it less to take in, more nodes, or what comes an \`eventsPerSecondMax\` where it is made.` }]));
  return [...problems, ...aside, ...behind, ...agent.sources.flatMap(({ name: source, problem }) => (problem === undefined ? [] : [{ check: name, state: "bad" as const, says: `source ${source}: ${problem.message}`, next: problem.next }]))];
}

/** Who is not let in does not get in by waiting. */
const nextOf = (code: string | undefined): string => (isErrorCode(code) && code.startsWith("HOLON_IDENTITY_") ? errorTable[code].next : "Nothing to do: it works on alone and tries again.");
